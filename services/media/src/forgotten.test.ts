import assert from "node:assert/strict";
import { it } from "node:test";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { memoryStore } from "@sipmesh/store";
import { removeForgotten } from "./forgotten.ts";
import { encodeSession } from "./kept-session.ts";

it("sessions that nobody followed are removed once they cannot be any more, those of other versions never", async () => {
  const clock = new VirtualClock();
  const bucket = await memoryStore().bucket("media");
  const session = (began: number) =>
    encodeSession({ name: { callId: "c", callerTag: "a" }, began, signalled: began, state: { legs: [] }, streams: [] });
  const hour = 3_600_000;
  await bucket.put("gone/1", session(clock.now()));
  await bucket.put("gone/2", session(clock.now() + 2 * hour));
  await bucket.put("newer/1", Buffer.from('{"form":99}'));
  const failed = (error: unknown) => assert.fail(String(error));
  const forgotten = removeForgotten({ bucket, clock, longest: hour, failed });
  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of bucket.entries()) found.push(key);
    return found.toSorted();
  };
  for (const left of [3, 3, 2, 2, 1]) {
    clock.step();
    await settled();
    assert.equal((await keys()).length, left);
  }
  assert.deepEqual(await keys(), ["newer/1"]);
  forgotten.close();
});
