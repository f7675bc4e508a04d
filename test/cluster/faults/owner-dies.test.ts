import { after, before, describe, it } from "node:test";
import type { Flow } from "../load.ts";
import { busiest, kill } from "../pods.ts";
import { RING, type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";

/** Longer than a death is noticed and the pod is back: what happens then, happens at the successor. */
const LONG = 10_000;

const FLOWS: readonly { readonly what: string; readonly flow: Flow }[] = [
  { what: "the answer that comes later is delivered", flow: { kind: "answered", rate: 5, rings: LONG, talks: 2_000 } },
  { what: "CANCEL still works", flow: { kind: "cancelled", rate: 5, rings: LONG } },
  { what: `a target rings ${RING} s and no longer`, flow: { kind: "unanswered", rate: 5 } },
];

describe("the owner of calls dies while they ring", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await site?.close();
  });

  for (const { what, flow } of FLOWS) {
    it(what, async () => {
      assertNothingLost(
        await strikeUnderLoad(site, {
          name: `kill −9 of the owner while it rings: ${what}`,
          strike: async () => kill(site.release, await busiest(site.release, "transaction"), "transaction"),
          load: { flows: [flow], registering: 0 },
          inEachPhase: { settingUp: 0, ringing: 30, talking: 0 },
        }),
      );
    });
  }
});
