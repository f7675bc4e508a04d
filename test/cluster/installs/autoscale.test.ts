import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runProgram } from "@sipmesh/drivers";
import { IMAGES } from "../images.ts";
import { type Flow, Load, type Outcome, type Phases } from "../load.ts";
import { Release } from "../release.ts";
import { balancedSite, CONFIG, type Site } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";
import { until } from "../until.ts";

/** Calls per second: all the time, and in the busy hour on top of that. */
const STEADY: Flow = { kind: "answered", rate: 5 };
/** At five calls a second hardly one is in set-up at any moment. */
const POPULATED: Phases = { settingUp: 0, ringing: 10, talking: 10 };
const RUSH: Flow = { kind: "answered", rate: 95, rings: 500, talks: 2000 };
/** Calls of the busy hour: enough that pods must come while it lasts. */
const RUSH_CALLS = 7_000;
/** Calls per second that a pod should carry: four pods for the busy hour, two for the rest of the day. */
const PER_POD = 25;
const PODS = { least: 2, busy: 4 };

const API_SERVICE = "v1beta1.external.metrics.k8s.io";

const untouched = { enabled: false };
const down = { stabilizationWindowSeconds: 20, policies: [{ type: "Pods", value: 1, periodSeconds: 5 }] };
const scaling = {
  enabled: true,
  behavior: { scaleDown: down },
  // Judged by calls: this machine's own load is no reason for more pods.
  transaction: { callsPerSecond: PER_POD, queueDelay: null, minReplicas: PODS.least, maxReplicas: 6 },
  edge: untouched,
  routing: untouched,
  location: untouched,
  directory: untouched,
};
const values = {
  nats: { ...IMAGES.nats, replicas: 1 },
  // A hundred calls a second would cost more in their traces than in being carried.
  jaeger: { ...IMAGES.jaeger, enabled: false },
  pods: { resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "512Mi" } } },
  edge: { replicas: 1 },
  // Nor is this about RTP: two processors carry a hundred calls a second with little to spare.
  media: { network: "pod", replicas: 1 },
  config: { ...CONFIG, routing: { ...CONFIG.routing, media: "never" } },
};

interface Scaled {
  readonly spec: { readonly replicas: number };
  readonly status: { readonly readyReplicas?: number; readonly replicas?: number };
}

async function deployment(release: Release, name: string): Promise<Scaled> {
  return JSON.parse(await release.kubectl("get", "deployment", name, "-o", "json")) as Scaled;
}

/** Waits until so many pods are wanted and ready. */
async function pods(release: Release, so: (count: number) => boolean, milliseconds: number, what: string) {
  return await until(
    async () => {
      const { spec, status } = await deployment(release, "sipmesh-transaction");
      const { readyReplicas = 0, replicas = 0 } = status;
      return so(readyReplicas) && replicas === spec.replicas && readyReplicas === replicas ? readyReplicas : undefined;
    },
    milliseconds,
    what,
  );
}

/** Waits until the HPA says that it goes by a metric. */
async function scales(release: Release): Promise<void> {
  const active = 'jsonpath={.status.conditions[?(@.type=="ScalingActive")].status}';
  await until(
    async () => {
      const told = await release.kubectl("get", "hpa", "sipmesh-transaction", "-o", active);
      return told === "True" ? true : undefined;
    },
    90_000,
    "the HPA has a value to go by",
  );
}

/** What the Deployment's controller did of its own: "Scaled down replica set … from 4 to 1". */
async function scalings(release: Release): Promise<string[]> {
  const about = "reason=ScalingReplicaSet,involvedObject.name=sipmesh-transaction";
  const told = await release.kubectl(
    "get",
    "events",
    "--field-selector",
    about,
    "-o",
    "jsonpath={range .items[*]}{.message}{'\\n'}{end}",
  );
  return told.split("\n").filter((line) => line !== "");
}

/** No pods were taken but those of a former revision. */
function assertNoneTaken(events: readonly string[]): void {
  assert.deepEqual(
    events.filter((text) => /from \d+ to 1$/.test(text) || /^Scaled down/.test(text)),
    [],
  );
}

/** Uninstalls first: what belongs to the cluster, and not to the namespace, would stay and keep the namespace from going. */
async function removeWhole(release: Release): Promise<void> {
  await release.helm("uninstall", "sipmesh", "--wait", "--ignore-not-found");
  await release.remove();
}

describe("Autoscaling on call volume", { skip: noCluster() }, () => {
  const release = new Release(`sipmesh-scaled-${process.pid}`);
  let site: Site;

  after(async () => {
    await site?.close();
    await removeWhole(release);
  });

  it("is installed with one command, and the HPA has values to go by", async () => {
    site = await balancedSite(release.namespace, { ...values, autoscaling: scaling });
    await scales(release);
    await pods(release, (count) => count === PODS.least, 120_000, "as many pods as are wanted at least");
  });

  it("from 5 to 100 calls a second the pods grow from 2 to at least 4, and come back, and no call fails", async () => {
    let rushed: readonly Outcome[] = [];
    const struck = await strikeUnderLoad(site, {
      name: "5 → 100 → 5 calls a second, scaled by the HPA",
      load: { flows: [STEADY], registering: 0 },
      inEachPhase: POPULATED,
      strike: async () => {
        const rush = await Load.start({ remote: site.remote ?? "", flows: [RUSH], registering: 0 });
        try {
          const busy = await pods(release, (count) => count >= PODS.busy, 180_000, `at least ${PODS.busy} pods`);
          const enough = () => (rush.begun >= RUSH_CALLS ? true : undefined);
          await until(enough, 240_000, `${RUSH_CALLS} calls of the busy hour`);
          rushed = await rush.finish();
          const rest = await pods(release, (count) => count === PODS.least, 240_000, "back to what is wanted at least");
          const placed = rushed.find(({ places }) => places === "calls")?.created ?? 0;
          console.log(`  ${placed} calls of the busy hour, over ${PODS.least}, ${busy} and ${rest} pods`);
        } finally {
          await rush.stop();
        }
      },
    });
    assertNothingLost({ ...struck, outcomes: [...struck.outcomes, ...rushed] });
  });

  it("another release is refused the same API, with a sentence that names who has it and what to do", async () => {
    const other = new Release(`${release.namespace}-other`);
    await other.create("privileged");
    try {
      await assert.rejects(other.install({ ...IMAGES, ...values, autoscaling: scaling }), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`served by ${release.namespace}/sipmesh-autoscaler in this cluster already`),
        );
        assert.match(error.message, /set autoscaling\.metrics to keda, prometheus or cpu/);
        return true;
      });
    } finally {
      await other.remove();
    }
  });

  it("a namespace can be deleted while the API is served: it does not stand in the way of what is discovered", async () => {
    const gone = new Release(`${release.namespace}-gone`);
    await gone.create("privileged");
    await gone.remove();
  });

  it("helm uninstall takes the API away", async () => {
    await release.uninstall();
    const served = ["get", "apiservice", API_SERVICE, "--ignore-not-found", "-o", "name"];
    await until(
      async () => ((await runProgram("kubectl", served)).trim() === "" ? true : undefined),
      60_000,
      "the APIService is gone",
    );
  });
});

describe("Autoscaling is switched on while calls are in progress", { skip: noCluster() }, () => {
  const many = { ...values, transaction: { replicas: 4 } };
  const on = { ...scaling, transaction: { ...scaling.transaction, minReplicas: 4 } };

  for (const [how, flags] of [
    ["applied by the server, as Helm 4 does", []],
    ["applied by Helm, as Helm 3 does", ["--server-side=false"]],
  ] as const) {
    describe(`the release is ${how}`, () => {
      const release = new Release(`sipmesh-switched-${flags.length}-${process.pid}`);
      let site: Site;
      const install = (autoscaling: object) => release.install({ ...site.values, autoscaling }, { flags });
      before(async () => {
        site = await balancedSite(release.namespace, { ...many, autoscaling: { enabled: false } }, flags);
      });
      after(async () => {
        await site?.close();
        await removeWhole(release);
      });

      it("no pod is taken away, and no call is lost", async () => {
        const struck = await strikeUnderLoad(site, {
          name: `the HPA is switched on, ${flags.length > 0 ? "Helm 3" : "Helm 4"}`,
          load: { flows: [STEADY], registering: 0 },
          inEachPhase: POPULATED,
          strike: async () => {
            if (flags.length > 0) {
              await assert.rejects(install(on), /upgrade once with autoscaling\.handOver=true/);
              await install({ ...scaling, enabled: false, handOver: true });
              assert.equal((await deployment(release, "sipmesh-transaction")).status.readyReplicas, 4);
            }
            await install(on);
            await scales(release);
          },
        });
        assertNoneTaken(await scalings(release));
        assert.equal((await deployment(release, "sipmesh-transaction")).status.readyReplicas, 4);
        assertNothingLost(struck);
      });

      it("nor by the next upgrade", async () => {
        await install({ ...on, transaction: { ...on.transaction, maxReplicas: 7 } });
        assertNoneTaken(await scalings(release));
      });
    });
  }
});
