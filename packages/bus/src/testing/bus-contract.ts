import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@sipmesh/environment/testing";
import type { Bus, Envelope } from "../bus.ts";
import { inbound, outbound } from "./envelopes.ts";

/** What every bus keeps to, between two that may be one and the same. */
export function busContract(
  name: string,
  pair: () => Promise<{ from: Bus; to: Bus; close(): Promise<void> }>,
  options: { skip: string | false },
): void {
  function contract(title: string, run: (from: Bus, to: Bus) => Promise<void>): void {
    test(`${name}: ${title}`, options, async () => {
      const { from, to, close } = await pair();
      try {
        await run(from, to);
      } finally {
        await close();
      }
    });
  }

  contract("messages of one subject come in the order in which they were published", async (from, to) => {
    const got: string[] = [];
    to.subscribe("sipmesh.transaction.m1", (envelope) => {
      if (envelope.kind === "inbound") got.push(envelope.message.callId);
    });
    await settled(from, to);
    for (let number = 0; number < 2000; number++) {
      from.publish("sipmesh.transaction.m1", inbound(number));
      if (number % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => got.length === 2000);
    assert.deepEqual(
      got,
      Array.from({ length: 2000 }, (_, number) => String(number)),
    );
  });

  contract("a message comes byte for byte, with all that was said about it", async (from, to) => {
    const got: Envelope[] = [];
    to.subscribe("sipmesh.transaction.m1", (envelope) => got.push(envelope));
    await settled(from, to);
    const trace = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true };
    const sent = { ...inbound(7), trace, passedOn: 1 };
    from.publish("sipmesh.transaction.m1", sent);
    await until(() => got.length === 1);
    const [received] = got;
    assert.ok(received?.kind === "inbound");
    assert.deepEqual(Buffer.from(received.raw), Buffer.from(sent.raw));
    assert.equal(received.message.head, sent.message.head);
    assert.deepEqual(received.message.fields, sent.message.fields);
    assert.deepEqual(Buffer.from(received.message.body), Buffer.from(sent.message.body));
    assert.deepEqual(received.message.named("x-unknown"), ["one", "two"]);
    assert.deepEqual(received.flow, sent.flow);
    assert.deepEqual(received.trace, trace);
    assert.equal(received.membership, 42);
    assert.equal(received.passedOn, 1);
  });

  contract("what a subscriber publishes does not enter anybody at work", async (from, to) => {
    let depth = 0;
    let deepest = 0;
    let count = 0;
    const enter = (bus: Bus, next: string) => () => {
      depth += 1;
      deepest = Math.max(deepest, depth);
      count += 1;
      if (count < 20) bus.publish(next, outbound(String(count)));
      depth -= 1;
    };
    to.subscribe("a", enter(to, "b"));
    to.subscribe("b", enter(to, "a"));
    await settled(from, to);
    from.publish("a", outbound("first"));
    await until(() => count === 20);
    assert.equal(deepest, 1);
  });

  contract("a subscriber that throws hinders no other and no later message", async (from, to) => {
    let got = 0;
    to.subscribe("s", () => {
      throw new Error("broken subscriber");
    });
    to.subscribe("s", () => {
      got += 1;
    });
    await settled(from, to);
    from.publish("s", outbound("1"));
    from.publish("s", outbound("2"));
    await until(() => got === 2);
  });

  contract("after its end a subscription gets nothing", async (from, to) => {
    let first = 0;
    let second = 0;
    const ended = to.subscribe("s", () => {
      first += 1;
    });
    to.subscribe("s", () => {
      second += 1;
    });
    await settled(from, to);
    from.publish("s", outbound("1"));
    await until(() => second === 1);
    ended.close();
    ended.close();
    from.publish("s", outbound("2"));
    await until(() => second === 2);
    assert.equal(first, 1);
  });

  contract("a signal reaches every listener once, the sender's own included", async (from, to) => {
    const got: string[] = [];
    for (const [at, bus] of [from, to].entries()) {
      bus.listen("sipmesh.presence", (payload) => got.push(`${at} ${Buffer.from(payload)}`));
    }
    await settled(from, to);
    from.signal("sipmesh.presence", Buffer.from("there"));
    await until(() => got.length >= 2);
    await settled(from, to);
    assert.deepEqual(got.sort(), ["0 there", "1 there"]);
  });

  /** What was asked of the broker has arrived there. */
  async function settled(from: Bus, to: Bus): Promise<void> {
    const mark = `settled.${Math.random()}`;
    let heard = 0;
    const listening = [from, to].map((bus) =>
      bus.listen(mark, () => {
        heard += 1;
      }),
    );
    await until(() => {
      to.signal(mark, new Uint8Array(1));
      from.signal(mark, new Uint8Array(1));
      return heard > 4;
    });
    for (const one of listening) one.close();
  }
}
