import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { type Bucket, StoreAway } from "@sipmesh/store";
import { silentTelemetry } from "@sipmesh/telemetry";
import { Keeper } from "./keeper.ts";
import { metrics } from "./telemetry.ts";

/** A bucket whose writes end when the test says so. */
class SlowBucket {
  readonly under: { readonly key: string; readonly value: string | undefined; end(error?: Error): void }[] = [];
  readonly holds = new Map<string, string>();

  put(key: string, value: Uint8Array): Promise<number> {
    return this.#begin(key, Buffer.from(value).toString()) as Promise<never>;
  }

  remove(key: string): Promise<void> {
    return this.#begin(key, undefined);
  }

  #begin(key: string, value: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => {
        if (error !== undefined) reject(error);
        else if (value === undefined) this.holds.delete(key);
        else this.holds.set(key, value);
        resolve();
      };
      this.under.push({ key, value, end });
    });
  }

  async answerAll(error?: Error): Promise<void> {
    while (this.under.length > 0) {
      for (const { end } of this.under.splice(0)) end(error);
      await settled();
      if (error !== undefined) return;
    }
  }
}

function keeping(most = 1000) {
  const bucket = new SlowBucket();
  const clock = new VirtualClock();
  const telemetry = silentTelemetry();
  const counter = telemetry.metrics.counter(metrics.kept);
  const keeper = new Keeper({
    bucket: bucket as unknown as Bucket,
    clock,
    most,
    written: (outcome) => counter.with({ outcome }),
  });
  const count = (outcome: string) => telemetry.metrics.value(metrics.kept.name, { outcome });
  return { bucket, clock, keeper, count };
}

const text = (value: string) => () => Buffer.from(value);

describe("what is kept", () => {
  it("is written in the background: of each key one write at a time, and the last value counts", async () => {
    const { bucket, keeper } = keeping();
    keeper.write("a", text("1"));
    for (const value of ["2", "3", "4"]) keeper.write("a", text(value));
    assert.deepEqual(
      bucket.under.map(({ value }) => value),
      ["1"],
    );
    await bucket.answerAll();
    assert.deepEqual([...bucket.holds], [["a", "4"]]);
    assert.equal(keeper.behind, 0);
  });

  it("is written with a bounded number under way", async () => {
    const { bucket, keeper } = keeping();
    for (let key = 0; key < 500; key++) keeper.write(`${key}`, text("x"));
    assert.equal(bucket.under.length, 128);
    assert.equal(keeper.behind, 500);
    await bucket.answerAll();
    assert.equal(bucket.holds.size, 500);
  });

  it("is never written where it ended before its turn came, and removed where it was", async () => {
    const { bucket, keeper } = keeping();
    for (let key = 0; key < 130; key++) keeper.write(`${key}`, text("x"));
    keeper.remove("129");
    keeper.remove("0");
    await bucket.answerAll();
    assert.equal(bucket.holds.size, 128);
    assert.ok(!bucket.holds.has("0") && !bucket.holds.has("129"));
  });

  it("waits while the store is away, and is written when it is back: as it is then", async () => {
    const { bucket, clock, keeper, count } = keeping();
    keeper.write("a", text("1"));
    keeper.write("b", text("1"));
    await bucket.answerAll(new StoreAway("test"));
    keeper.write("a", text("2"));
    keeper.remove("b");
    assert.equal(bucket.under.length, 0);
    assert.equal(count("away"), 2);
    clock.step();
    await bucket.answerAll();
    assert.deepEqual([...bucket.holds], [["a", "2"]]);
    assert.equal(keeper.behind, 0);
  });

  it("forgets removals beyond its bound, not what is written", async () => {
    const { bucket, clock, keeper, count } = keeping(3);
    for (const key of ["a", "b", "c", "d", "e"]) keeper.write(key, text("1"));
    await bucket.answerAll();
    keeper.write("f", text("1"));
    await bucket.answerAll(new StoreAway("test"));
    for (const key of ["a", "b", "c", "d", "e"]) keeper.remove(key);
    keeper.write("g", text("1"));
    assert.equal(count("forgotten"), 3);
    clock.step();
    await bucket.answerAll();
    assert.deepEqual([...bucket.holds.keys()].toSorted(), ["c", "d", "e", "f", "g"]);
  });

  it("is flushed in bounded time, and not written after the end", async () => {
    const { bucket, clock, keeper, count } = keeping();
    keeper.write("a", text("1"));
    let flushed = 0;
    void keeper.flush(1000).then(() => flushed++);
    void keeper.flush(1000).then(() => flushed++);
    await settled();
    assert.equal(flushed, 0);
    await bucket.answerAll();
    assert.equal(flushed, 2);
    keeper.write("b", text("1"));
    void keeper.flush(1000).then(() => flushed++);
    clock.step();
    await settled();
    assert.equal(flushed, 3);
    keeper.close();
    keeper.write("c", text("1"));
    await bucket.answerAll();
    assert.ok(!bucket.holds.has("c"));
    keeper.write("d", () => Buffer.alloc(1));
    assert.equal(count("too-large"), 0);
  });

  it("is left out where it is too large for the store", async () => {
    const { bucket, keeper, count } = keeping();
    keeper.write("a", () => Buffer.alloc(600_000));
    await settled();
    assert.equal(count("too-large"), 1);
    assert.equal(bucket.under.length, 0);
    assert.equal(keeper.behind, 0);
  });
});
