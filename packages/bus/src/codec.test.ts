import assert from "node:assert/strict";
import { test } from "node:test";
import * as wire from "@sipmesh/proto/envelope";
import fc from "fast-check";
import type { Envelope } from "./bus.ts";
import { decodeFrame, encodeFrame } from "./codec.ts";
import { inbound, outbound } from "./testing/envelopes.ts";

const PLAIN = { noNullPrototype: true } as const;
const text = fc.string({ unit: "binary", maxLength: 40 });
const address = fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 1, max: 65535 }) }, PLAIN);
const transport = fc.constantFrom("udp", "tcp", "tls", "ws", "wss");
const flow = fc.record(
  {
    edge: text,
    transport,
    local: address,
    remote: address,
    connection: fc.integer({ min: 0, max: 0xffffffff }),
  },
  PLAIN,
);
const raw = fc.uint8Array({ maxLength: 300 });

const envelope: fc.Arbitrary<Envelope> = fc.oneof(
  fc.tuple(fc.nat(), flow, fc.nat(), fc.integer({ min: 0, max: 5 })).map(([number, way, membership, passedOn]) => ({
    ...inbound(number),
    flow: way,
    membership,
    passedOn,
    ...(number % 2 === 0 && { confirm: { to: way.edge, number } }),
  })),
  fc.record({ kind: fc.constant("outbound" as const), raw, flow, finalElsewhere: fc.constant(true) }),
  fc.record({ kind: fc.constant("outbound" as const), raw, flow }),
  fc.record({
    kind: fc.constant("outbound" as const),
    raw,
    destination: fc.record({ transport, address, host: fc.string({ minLength: 1 }) }, PLAIN),
    failureTo: fc.string({ minLength: 1 }),
    failureKey: text,
    callId: fc.string({ minLength: 1 }),
    keepAlive: fc.integer({ min: 1, max: 3600 }),
  }),
  fc.record({ kind: fc.constant("send-failure" as const), key: text, reason: text, callId: text }),
  fc.record({ kind: fc.constant("handover" as const), payload: raw }),
  fc.record({ kind: fc.constant("confirmation" as const), numbers: fc.array(fc.integer({ min: 0, max: 0xffffffff })) }),
);

/** As plain data: buffers and message objects differ in class, not in content. */
function plain(one: Envelope): unknown {
  const { message, raw, payload, ...rest } = one as Envelope & {
    message?: unknown;
    raw?: Uint8Array;
    payload?: Uint8Array;
  };
  const bytes = raw ?? payload;
  const { head, body, fields } = (message ?? {}) as { head?: string; body?: Uint8Array; fields?: readonly number[] };
  const defined = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...defined, raw: bytes && Buffer.from(bytes), head, body: body && Buffer.from(body), fields };
}

test("a frame gives back the envelopes that were put into it, in order", () => {
  fc.assert(
    fc.property(fc.array(envelope, { maxLength: 8 }), (sent) => {
      const got: Envelope[] = [];
      decodeFrame(
        encodeFrame(sent),
        (one) => got.push(one),
        (error) => {
          throw error;
        },
      );
      assert.deepEqual(got.map(plain), sent.map(plain));
    }),
  );
});

test("an envelope that cannot be understood hinders no other in its frame", () => {
  const frame = wire.EnvelopeBatch.decode(encodeFrame([inbound(1), outbound("of the future"), inbound(2)]));
  const middle = frame.envelopes[1]?.message;
  assert.ok(middle?.$case === "outbound" && middle.value.to?.$case === "flow");
  middle.value.to.value.transport = 99 as never;
  const got: Envelope[] = [];
  let failed = 0;
  decodeFrame(
    wire.EnvelopeBatch.encode(frame).finish(),
    (one) => got.push(one),
    () => {
      failed += 1;
    },
  );
  assert.equal(got.length, 2);
  assert.equal(failed, 1);
});
