import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runProgram, Sipp, type SippCounts } from "@sipmesh/drivers";
import { IMAGES, putImages } from "../images.ts";
import { Release } from "../release.ts";
import { able, commandFor, noCluster, OUTSIDE } from "../surroundings.ts";
import { until } from "../until.ts";

/** A scenario of test/scenarios. */
const scenario = (name: string): string => new URL(`../../scenarios/${name}.xml`, import.meta.url).pathname;

const PORTS = { callee: 7_160, steady: 7_162, rush: 7_164, registrar: 7_166 };
/** Calls per second: all the time, and in the busy hour on top of that. */
const STEADY = 5;
const RUSH = 95;
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
  ...IMAGES,
  pods: { resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "512Mi" } } },
  edge: { replicas: 1 },
  media: { network: "pod", replicas: 1 },
  config: {
    directory: {
      domains: [
        { name: "sipmesh.test", ownAddresses: true, authenticate: false, openToStrangers: true, anyUser: true },
      ],
    },
  },
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

const FINE = { lost: 0, failed: 0, unexpected: 0 };

/** What SIPp says against it: calls that did not end well, that failed, and messages that nobody expected. */
const judged = ({ created, successful, failed, unexpected }: SippCounts) => ({
  lost: created - successful,
  failed,
  unexpected,
});

describe("Autoscaling on call volume", { skip: noCluster() }, () => {
  const release = new Release(`sipmesh-scaled-${process.pid}`);
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-autoscale-"));
  let address = "";

  before(async () => {
    await putImages();
  });
  after(async () => {
    await removeWhole(release);
  });

  it("is installed with one command, and the HPA has values to go by", async () => {
    await release.install({ ...values, autoscaling: scaling });
    address = (await able("loadBalancer", [release.namespace, "sipmesh-sip-udp"], 30_000)).trim();
    await release.tells(address, "udp");
    await scales(release);
    await pods(release, (count) => count === PODS.least, 120_000, "as many pods as are wanted at least");
  });

  it("from 5 to 100 calls a second the pods grow from 2 to at least 4, and come back, and no call fails", async () => {
    const ready = "jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].nodeName}";
    const slices = ["endpointslices", "-l", "kubernetes.io/service-name=sipmesh-sip-udp"];
    const [node = ""] = (await release.kubectl("get", ...slices, "-o", ready)).split(" ");
    await able("loadBalancer", [release.namespace, "sipmesh-sip-udp", node.replace(/^\D+/, "")], 30_000);

    const users = join(folder, "users.csv");
    writeFileSync(users, `SEQUENTIAL\nbob;${PORTS.callee}\n`);
    const outside = { folder, within: commandFor("outside"), address: OUTSIDE };
    const asking = { ...outside, remote: `${address}:5060`, users };
    const register = { ...asking, scenario: scenario("register"), name: "register", port: PORTS.registrar, calls: 1 };
    const registered = new Sipp(register);
    assert.equal((await registered.done(40_000)).successful, 1, registered.errors());
    const callee = new Sipp({ ...outside, scenario: scenario("callee"), name: "callee", port: PORTS.callee });
    const calling = { ...asking, scenario: scenario("caller") };
    const steady = new Sipp({ ...calling, name: "steady", port: PORTS.steady, rate: STEADY });
    const rush = new Sipp({ ...calling, name: "rush", port: PORTS.rush, rate: RUSH, calls: RUSH_CALLS });
    try {
      const busy = await pods(release, (count) => count >= PODS.busy, 180_000, `at least ${PODS.busy} pods`);
      const placed = await rush.done(240_000);
      const rest = await pods(release, (count) => count === PODS.least, 240_000, "back to what is wanted at least");
      // No new calls; those that are there end.
      steady.program.signal("SIGUSR1");
      const went = await steady.done(60_000);
      const answered = await callee.stop();
      console.log(`  ${placed.created + went.created} calls over ${PODS.least}, ${busy} and ${rest} pods`);
      assert.deepEqual(
        [judged(placed), judged(went), { failed: answered.failed, unexpected: answered.unexpected }],
        [FINE, FINE, { failed: 0, unexpected: 0 }],
        [rush, steady, callee].map((sipp) => sipp.errors().slice(0, 1500)).join("\n"),
      );
      assert.equal(placed.created, RUSH_CALLS);
    } finally {
      for (const { program } of [rush, steady, callee]) program.kill();
    }
  });

  it("another release is refused the same API, with a sentence that names who has it and what to do", async () => {
    const other = new Release(`${release.namespace}-other`);
    await other.create("privileged");
    try {
      await assert.rejects(other.install({ ...values, autoscaling: scaling }), (error: Error) => {
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

  before(async () => {
    await putImages();
  });

  for (const [how, flags] of [
    ["applied by the server, as Helm 4 does", []],
    ["applied by Helm, as Helm 3 does", ["--server-side=false"]],
  ] as const) {
    describe(`the release is ${how}`, () => {
      const release = new Release(`sipmesh-switched-${flags.length}-${process.pid}`);
      const install = (autoscaling: object) => release.install({ ...many, autoscaling }, { flags });
      after(async () => {
        await removeWhole(release);
      });

      it("no pod is taken away", async () => {
        await release.create("privileged");
        await install({ enabled: false });
        if (flags.length > 0) {
          await assert.rejects(install(on), /upgrade once with autoscaling\.handOver=true/);
          await install({ ...scaling, enabled: false, handOver: true });
          assert.equal((await deployment(release, "sipmesh-transaction")).status.readyReplicas, 4);
        }
        await install(on);
        await scales(release);
        assertNoneTaken(await scalings(release));
        assert.equal((await deployment(release, "sipmesh-transaction")).status.readyReplicas, 4);
      });

      it("nor by the next upgrade", async () => {
        await install({ ...on, transaction: { ...on.transaction, maxReplicas: 7 } });
        assertNoneTaken(await scalings(release));
      });
    });
  }
});
