import { after, before, describe, it } from "node:test";
import type { Flow } from "../load.ts";
import { busiest, kill } from "../pods.ts";
import { RING, type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";

/** Longer than a death is noticed and the pod is back: what happens then, happens at the successor. */
const LONG = 10_000;

const STORIES: readonly { readonly what: string; readonly calls: Omit<Flow, "rate"> }[] = [
  { what: "the answer that comes later is delivered", calls: { kind: "answered", rings: LONG, talks: 2_000 } },
  { what: "CANCEL still works", calls: { kind: "cancelled", rings: LONG } },
  { what: `a target rings ${RING} s and no longer`, calls: { kind: "unanswered" } },
];

/** Over UDP and over TCP, where nobody sends again what was lost with the owner. */
const overBoth = (calls: Omit<Flow, "rate">): readonly Flow[] => [
  { ...calls, rate: 3 },
  { ...calls, rate: 2, transport: "t1" },
];

describe("the owner of calls dies while they ring", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await site?.close();
  });

  for (const { what, calls } of STORIES) {
    it(what, async () => {
      assertNothingLost(
        await strikeUnderLoad(site, {
          name: `kill −9 of the owner while it rings: ${what}`,
          strike: async () => kill(site.release, await busiest(site.release, "transaction"), "transaction"),
          load: { flows: overBoth(calls), registering: 0 },
          inEachPhase: { settingUp: 0, ringing: 30, talking: 0 },
        }),
      );
    });
  }
});
