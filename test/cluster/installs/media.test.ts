import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { Program } from "@sipmesh/drivers";
import { IMAGES, putImages } from "../images.ts";
import { nodes, numberOf } from "../nodes.ts";
import { Release } from "../release.ts";
import { able, commandFor, noCluster } from "../surroundings.ts";
import { until } from "../until.ts";

/** Calls that talk while something befalls the relays. */
const CALLS = 8;
/** Milliseconds of silence that nobody hangs up for: a container or pod is gone and the next one has started. */
const GAP = 6_000;
const LABEL = `sipmesh.test/relays-${process.pid}`;
const DOMAIN = "sipmesh.test";

/** Phones outside, and what they tell. */
class Phones {
  readonly #program: Program;
  #from = 0;

  constructor(server: string, name: string, calls = CALLS) {
    const script = new URL("talking-phones.ts", import.meta.url).pathname;
    const [command = "", ...args] = [...commandFor("outside"), process.execPath, script, server, DOMAIN, name];
    this.#program = new Program({ command, args: [...args, String(calls)], interactive: true });
  }

  async talking(): Promise<void> {
    assert.deepEqual(await this.#told("talking"), { talking: CALLS });
  }

  async held(): Promise<void> {
    this.#program.type("hold");
    assert.deepEqual(await this.#told("held"), { held: CALLS, takenUp: CALLS });
  }

  /** The longest silence that anybody heard since it was asked last, in milliseconds; every call must still be there. */
  async gap(): Promise<number> {
    this.#program.type("gaps");
    const { longest, alive } = await this.#told("longest");
    assert.equal(alive, CALLS);
    return longest ?? Number.POSITIVE_INFINITY;
  }

  async end(): Promise<void> {
    this.#program.type("end");
    assert.deepEqual(await this.#told("ended"), { ended: CALLS });
    await this.#program.exit(10_000);
  }

  async stop(): Promise<void> {
    await this.#program.stop(2_000);
  }

  async #told(what: string): Promise<Record<string, number>> {
    const [line] = await this.#program.waitFor(new RegExp(`^\\{"${what}":.*\\}$`, "m"), 60_000, this.#from);
    this.#from = this.#program.output.length;
    return JSON.parse(line);
  }
}

describe("RTP on a cluster", { skip: noCluster() }, () => {
  const release = new Release(`sipmesh-media-${process.pid}`);
  const opened: Phones[] = [];
  const values = (media: object) => ({
    ...IMAGES,
    edge: { replicas: 1, tcp: { enabled: false } },
    media: {
      // Beside other releases on the same nodes.
      hostPorts: { admin: 18_061, rpc: 19_061 },
      rtp: { first: 20_000, last: 20_999 },
      pod: { nodeSelector: { [LABEL]: "true" } },
      ...media,
    },
    config: {
      directory: {
        domains: [{ name: DOMAIN, ownAddresses: true, authenticate: false, openToStrangers: true, anyUser: true }],
      },
      routing: { media: "always" },
    },
  });
  let address = "";
  /** The node of the edge: relays there are preferred. */
  let near = "";

  const open = (name: string) => {
    const phones = new Phones(`${address}:5060`, name);
    opened.push(phones);
    return phones;
  };
  /** Names of the relays' pods that are there, on a node or on all. */
  const relays = async (node?: string) => {
    const on = node === undefined ? [] : ["--field-selector", `spec.nodeName=${node}`];
    const found = await release.kubectl("get", "pods", "-l", "app.kubernetes.io/component=media", ...on, "-o", "name");
    return found
      .split("\n")
      .filter((name) => name !== "")
      .map((name) => name.replace("pod/", ""));
  };
  const label = (nodes: string, value: string) => release.kubectl("label", "nodes", nodes, `${LABEL}${value}`);

  before(async () => {
    await putImages();
    await label("--all", "=true");
    await release.create("privileged");
    await release.install(values({ slots: 2 }));
    address = (await able("loadBalancer", [release.namespace, "sipmesh-sip-udp"], 30_000)).trim();
    await release.tells(address, "udp");
    const pods = ["pods", "-l", "app.kubernetes.io/component=edge"];
    near = await until(
      async () => {
        const on = await release.kubectl("get", ...pods, "-o", "jsonpath={.items[*].spec.nodeName}");
        return on.includes(" ") ? undefined : on;
      },
      60_000,
      "one edge is left",
    );
    await able("loadBalancer", [release.namespace, "sipmesh-sip-udp", await numberOf(near)], 30_000);
  });
  after(async () => {
    for (const phones of opened) await phones.stop();
    await release.remove();
    await label("--all", "-");
  });

  it("runs each slot of each node, with ports of its own", async () => {
    assert.equal((await relays()).length, 2 * (await nodes()).length);
  });

  it("kill −9 of the relays: calls go on after a short silence, and can be held and taken up again", async (t) => {
    const phones = open("killed");
    await phones.talking();
    const killed = await relays(near);
    assert.equal(killed.length, 2);
    await Promise.all(killed.map((pod) => able("killContainer", [release.namespace, pod], 30_000)));
    await until(
      async () => {
        const counts = ["-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}"];
        const found = await release.kubectl("get", "pods", ...killed, ...counts);
        return found.split(" ").every((count) => Number(count) > 0) ? true : undefined;
      },
      60_000,
      "the relays were started again",
    );
    await release.settled();
    const gap = await phones.gap();
    t.diagnostic(`the longest silence was ${gap} ms`);
    assert.ok(gap < GAP, `${gap} ms`);
    await phones.held();
    assert.ok((await phones.gap()) < 2_000);
    await phones.end();
  });

  it("kubectl rollout restart: pods are rolled out in place, and calls go on after a short silence", async (t) => {
    const phones = open("rolled");
    await phones.talking();
    const before = await relays();
    for (const name of ["sipmesh-media", "sipmesh-media-1"])
      await release.kubectl("rollout", "restart", `daemonset/${name}`);
    await release.settled();
    assert.deepEqual(
      (await relays()).filter((pod) => before.includes(pod)),
      [],
    );
    const gap = await phones.gap();
    t.diagnostic(`the longest silence was ${gap} ms`);
    assert.ok(gap < GAP, `${gap} ms`);
    await phones.held();
    await phones.end();
  });

  /** What the relay in a pod says of its calls, asked in the pod itself: it tells the world nothing. */
  const callsOf = async (pod: string) => {
    const ask = `const state = "http://127.0.0.1:" + process.env.SIPMESH_ADMIN_PORT + "/state";
      fetch(state).then(async (it) => console.log(await it.text()))`;
    return await release.kubectl("exec", pod, "--", "node", "-e", ask).catch(String);
  };

  /** Nobody follows on the node: its relay is told to go, and goes when its calls have ended. */
  const leavesWhenEmpty = async (t: TestContext, name: string, emptied: () => Promise<unknown>) => {
    const phones = open(name);
    await phones.talking();
    const [pod = ""] = await relays(near);
    await emptied();
    await label(near, "-");
    await until(
      async () => {
        const stamp = await release.kubectl("get", "pod", pod, "-o", "jsonpath={.metadata.deletionTimestamp}");
        return stamp === "" ? undefined : stamp;
      },
      30_000,
      "the pod is told to go",
    );
    const others = open(`${name}-elsewhere`);
    await others.talking();
    const gap = await phones.gap();
    t.diagnostic(`the longest silence was ${gap} ms`);
    assert.ok(gap < 1_000, `${gap} ms`);
    await phones.held();
    assert.deepEqual(await relays(near), [pod], "it is still there");
    await phones.end();
    try {
      await until(async () => ((await relays(near)).length === 0 ? true : undefined), 60_000, "the pod has gone");
    } catch (error) {
      throw new Error(`it waits for ${await callsOf(pod)}`, { cause: error });
    }
    assert.ok((await others.gap()) < 1_000);
    await others.end();
  };

  it("a relay that waits for its calls keeps them, takes no new ones, and goes when they have ended", async (t) => {
    await release.install(values({ leave: "wait", gracePeriod: 300 }));
    await leavesWhenEmpty(t, "waiting", async () => {});
  });

  it("so does one that would hand them over, where its node is drained", async (t) => {
    await label(near, "=true");
    await release.install(values({ gracePeriod: 300 }));
    // What `kubectl drain` does first; pods of DaemonSets it leaves alone.
    try {
      await leavesWhenEmpty(t, "drained", async () => {
        await release.kubectl("cordon", near);
        const [pod = ""] = await relays(near);
        const told = async () => (await release.kubectl("logs", pod)).includes("is to be emptied");
        await until(async () => ((await told()) ? true : undefined), 20_000, "the relay knows of it");
      });
    } finally {
      await release.kubectl("uncordon", near);
    }
  });
});
