import { describe } from "node:test";
import { inEveryShape } from "./shapes.ts";
import { ringing } from "./stories/ringing.ts";
import { phoneShop, SITE } from "./stories/site.ts";

inEveryShape("calls on one site", { needs: [], platform: SITE }, (platform) => {
  const phones = phoneShop(platform);
  describe("until somebody answers", () => ringing(phones));
});
