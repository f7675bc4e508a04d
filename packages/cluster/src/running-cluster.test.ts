import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import type { Cluster, Member } from "./cluster.ts";
import type { Register } from "./register.ts";
import { joinCluster } from "./running-cluster.ts";
import { SipHash } from "./siphash.ts";
import { encodeStoredList } from "./stored-list.ts";

const member = (id: string): Member => ({ id: `${id}-0`, instance: id, node: "n" });

/** A store with a list, and a bus that gives signals back unless it is told not to. */
class Surroundings {
  readonly clock = new VirtualClock();
  readonly cluster: Cluster;
  /** Numbers of the lists that held, in their order. */
  readonly held: number[] = [];
  deaf = false;
  /** The store does not answer. */
  mute = false;
  #gaveBack = this.clock.now();
  #value: Uint8Array | undefined;
  #revision = 0;
  /** The watch tells nothing. */
  stuck = false;
  #tell: Parameters<Register["watch"]>[0] = () => {};
  #hear: (payload: Uint8Array) => void = () => {};

  constructor() {
    const read = async () => {
      if (this.mute) throw new Error("the store is away");
      return this.#value && { value: this.#value, revision: this.#revision };
    };
    this.cluster = joinCluster({
      self: { id: "a", node: "n", targets: [], members: [] },
      clock: this.clock,
      signals: {
        signal: () => {
          if (!this.deaf) this.#gaveBack = this.clock.now();
        },
        listen: (_subject, hear) => {
          this.#hear = hear;
          return { close() {} };
        },
        state: "connected",
        get silence() {
          return surroundings.clock.now() - surroundings.#gaveBack;
        },
      },
      subject: "presence",
      register: {
        get: read,
        create: async () => 0,
        update: async () => 0,
        watch: async (tell) => {
          this.#tell = tell;
          return { close() {} };
        },
      },
      storeState: () => "connected",
      ownerHash: new SipHash(new Uint8Array(16)),
    });
    const surroundings = this;
    this.cluster.onChange(() => {
      const { number } = this.cluster.membership;
      if (number !== this.held.at(-1)) this.held.push(number);
    });
  }

  /** Others write a list, and the watch tells of it. */
  list(number: number, ...ids: readonly string[]): void {
    this.#value = encodeStoredList({ number, members: ids.map(member), former: [] }, this.clock.now());
    this.#revision = number;
    if (!this.stuck) this.#tell({ key: "membership", value: this.#value, revision: number });
  }

  /** The heartbeat of another. */
  beat(id: string, list: number): void {
    const instance = { id, node: "n", targets: [], members: [`${id}-0`] };
    this.#hear(Buffer.from(JSON.stringify({ is: "there", instance, asks: false, list })));
  }
}

it("whose watch is stuck reads the list of which others' heartbeats tell", async () => {
  const around = new Surroundings();
  await settled();
  around.list(1, "b", "c");
  around.stuck = true;
  around.list(2, "b");
  around.beat("b", 1);
  await settled();
  assert.deepEqual(around.held, [1]);
  around.beat("b", 2);
  await settled();
  assert.deepEqual(around.held, [1, 2]);
  around.cluster.stop();
});

describe("who has heard nothing for seconds", () => {
  it("takes no list that its watch tells of, one after the other, but reads the latest when it has heard itself", async () => {
    const around = new Surroundings();
    await settled();
    around.list(1, "b", "c");
    assert.deepEqual(around.held, [1]);
    around.deaf = true;
    await around.clock.pass(3000);
    assert.equal(around.cluster.doubtful, true);
    around.list(2, "b");
    around.list(3, "b", "c");
    assert.deepEqual(around.held, [1], "by the second it might go on with calls that are another's again");
    around.deaf = false;
    await around.clock.pass(1500);
    assert.equal(around.cluster.doubtful, false);
    assert.deepEqual(around.held, [1, 3]);
    around.list(4, "c");
    assert.deepEqual(around.held, [1, 3, 4]);
    around.cluster.stop();
  });

  it("takes what it was told where the store cannot be read, once it has heard itself", async () => {
    const around = new Surroundings();
    await settled();
    around.list(1, "b", "c");
    around.deaf = true;
    await around.clock.pass(3000);
    around.list(2, "b");
    around.mute = true;
    around.deaf = false;
    await around.clock.pass(1500);
    assert.deepEqual(around.held, [1, 2]);
    around.cluster.stop();
    assert.equal(around.clock.timers, 0);
  });
});
