import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOf } from "./nats-following.ts";

test("a message's place in its stream is read from its reply, as servers of all releases write it", () => {
  const place = { revision: 77, delivery: 3, pending: 5 };
  assert.deepEqual(placeOf("$JS.ACK.KV_b.c.1.77.3.1700000000000000000.5"), place);
  assert.deepEqual(placeOf("$JS.ACK._.HASH.KV_b.c.1.77.3.1700000000000000000.5.random"), place);
  assert.deepEqual(placeOf("$JS.ACK.hub.HASH.KV_b.c.1.77.3.1700000000000000000.5"), place);
});

test("what is no such reply is refused", () => {
  for (const reply of ["", "_INBOX.x.y", "$JS.ACK.a.b", "$JS.ACK.KV_b.c.1.x.y.z.u", "$JS.FC.KV_b.c.1.77.3.17.5"])
    assert.throws(() => placeOf(reply), reply);
});
