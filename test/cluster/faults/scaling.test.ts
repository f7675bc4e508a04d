import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Release } from "../release.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";
import { until } from "../until.ts";

/** Calls that are placed with the greater number of pods. */
const MEANWHILE = 60;

/** Milliseconds after which a pod that is ready must have been asked. */
const FOUND = 2_000;
/** Milliseconds that the log and the spans of one process may be apart. */
const RESOLUTION = 10;
/** Milliseconds since a pod is ready in which its first request is looked for: little at first, for traces are large. */
const LOOKED_AT = [250, 500, 1_000, FOUND, 2 * FOUND];

describe("the number of pods", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await site?.close();
  });

  const scale = async (component: string, replicas: number) => {
    await site.release.kubectl("scale", `deployment/sipmesh-${component}`, `--replicas=${replicas}`);
    await site.release.exactly(replicas, component);
  };

  it("of transaction grows from 2 to 4 and comes back, and no call is lost", async () => {
    assertNothingLost(
      await strikeUnderLoad(site, {
        name: "transaction 2 → 4 → 2",
        strike: async (load) => {
          await scale("transaction", 4);
          await load.goesOn(MEANWHILE);
          await scale("transaction", 2);
        },
      }),
    );
  });

  // Each call asks routing at least once, and those who ask take turns: of fourteen calls a second a third pod gets several.
  it("of routing grows from 2 to 3, and the new pod takes load within 2 s of being ready", async (t) => {
    let took = Number.NaN;
    const struck = await strikeUnderLoad(site, {
      name: "routing 2 → 3 → 2",
      strike: async (load) => {
        const before = (await site.release.pods("routing")).map(({ uid }) => uid);
        await scale("routing", 3);
        const added = (await site.release.pods("routing")).find(({ uid }) => !before.includes(uid));
        assert.ok(added !== undefined);
        await load.goesOn(MEANWHILE);
        const ready = await startedAt(site.release, added.name);
        const first = async () => await firstAnswer(site.release, added.name, ready);
        took = (await until(first, 30_000, `spans of ${added.name} in Jaeger`)) - ready;
        await scale("routing", 2);
      },
    });
    t.diagnostic(`its first request came ${took.toFixed(0)} ms after it was ready`);
    assertNothingLost(struck);
    assert.ok(took < FOUND + RESOLUTION, `${took} ms`);
  });
});

/** When a pod was ready by its own log, in milliseconds since 1970: Kubernetes tells whole seconds, and looks every other one. */
async function startedAt(release: Release, pod: string): Promise<number> {
  const lines = (await release.kubectl("logs", pod)).split("\n").filter((line) => line.startsWith("{"));
  const entries = lines.map((line) => JSON.parse(line) as { readonly msg?: string; readonly time: string });
  const started = entries.find(({ msg }) => msg === "started");
  assert.ok(started !== undefined, `${pod} tells when it has started:\n${lines.join("\n")}`);
  return Date.parse(started.time);
}

/** When it began to answer its first request; undefined where Jaeger knows of none. Both clocks are the pod's. */
async function firstAnswer(release: Release, pod: string, ready: number): Promise<number | undefined> {
  for (const until of LOOKED_AT) {
    const spans = await release.answeredBy(pod, "routing", ready - FOUND, ready + until);
    if (spans.length > 0) return Math.min(...spans.map(({ startTime }) => startTime)) / 1000;
  }
  return undefined;
}
