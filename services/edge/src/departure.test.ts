import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemRandom } from "@sipmesh/environment";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { defaultLimits } from "@sipmesh/sip";
import type { Connection } from "@sipmesh/transport";
import { Departure } from "./departure.ts";
import { Stream } from "./stream.ts";

const GRACE = 900_000;
const MINUTE = 60_000;

/** An edge that goes, with as many connections as a test wants. */
class Stage {
  readonly clock = new VirtualClock((error) => {
    throw error;
  });
  readonly streams = new Set<Stream>();
  /** When each connection was closed, in milliseconds after the departure began. */
  readonly closed: number[] = [];
  /** When calls came that are being set up. */
  settingUp: number[] = [];
  #over = false;
  #began = 0;

  connect(): Stream {
    const peer = { address: "192.0.2.1", port: 5060 };
    const flow = { edge: "e", transport: "tcp", local: peer, remote: peer, connection: this.streams.size + 1 } as const;
    const stream = new Stream(flow, true, defaultLimits, this.clock.now());
    const gone = () => {
      this.closed.push(this.clock.now() - this.#began);
      this.streams.delete(stream);
    };
    stream.connection = { close: gone, destroy: gone, write: () => true } as unknown as Connection;
    this.streams.add(stream);
    return stream;
  }

  leave(grace = GRACE): Departure {
    this.#began = this.clock.now();
    const departure = new Departure({
      clock: this.clock,
      random: systemRandom(),
      grace,
      streams: this.streams,
      isSettingUp: (before) => this.settingUp.some((since) => since < before),
    });
    void departure.over.then(() => {
      this.#over = true;
    });
    return departure;
  }

  async pass(milliseconds: number): Promise<void> {
    await this.clock.pass(milliseconds);
  }

  get over(): boolean {
    return this.#over;
  }
}

describe("an edge that leaves", () => {
  it("closes idle connections spread over the grace period, and is gone when none is left", async () => {
    const stage = new Stage();
    for (let i = 0; i < 200; i += 1) stage.connect();
    await stage.pass(5 * MINUTE);
    stage.leave();
    await stage.pass(GRACE - MINUTE);
    assert.equal(stage.closed.length, 200);
    const inThird = (n: number) => stage.closed.filter((at) => Math.floor(at / (GRACE / 3)) === n).length;
    assert.ok(
      [0, 1, 2].every((n) => inThird(n) > 20),
      `${[0, 1, 2].map(inThird)}`,
    );
    assert.equal(stage.over, true, "before the grace period is");
  });

  it("keeps a connection over which a call may ring or a transaction is under way, to the end if need be", async () => {
    const stage = new Stage();
    const talking = stage.connect();
    const rings = stage.connect();
    await stage.pass(5 * MINUTE);
    rings.carried(true, stage.clock.now());
    stage.leave(GRACE);
    for (let passed = 0; passed < GRACE - MINUTE; passed += 20_000) {
      talking.carried(false, stage.clock.now());
      await stage.pass(20_000);
    }
    assert.deepEqual([...stage.streams], [talking]);
    assert.ok((stage.closed[0] as number) > 200_000, "not while it may ring");
    assert.equal(stage.over, false);
    await stage.pass(MINUTE);
    assert.equal(stage.over, true);
  });

  it("waits for calls in set-up that it had, over whatever they came, and for none that came since", async () => {
    const stage = new Stage();
    await stage.pass(1000);
    const before = stage.clock.now() - 500;
    stage.settingUp = [before];
    stage.leave();
    await stage.pass(MINUTE);
    assert.equal(stage.over, false);
    stage.settingUp = [stage.clock.now()];
    await stage.pass(1000);
    assert.equal(stage.over, true);
  });

  it("goes at once where nothing is left, or where it is given no time", async () => {
    const idle = new Stage();
    idle.leave();
    await settled();
    assert.equal(idle.over, true);
    const hasty = new Stage();
    hasty.connect();
    hasty.leave(0);
    await settled();
    assert.equal(hasty.over, true);
  });
});
