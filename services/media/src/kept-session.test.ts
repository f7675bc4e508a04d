import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { differences } from "./effects.ts";
import { decodeSession, encodeSession } from "./kept-session.ts";
import { emptySession, type PortPair, portsOf, type SessionState } from "./session.ts";

describe("a kept session", () => {
  const pair = (port: number): PortPair => ({ bind: "10.0.0.9", advertise: "192.0.2.9", port });
  const described = { streams: [], source: "10.0.0.1" };
  const shared = pair(30_000);
  const own = pair(30_002);
  const facing = { caller: [own, undefined], callee: [shared, undefined] };
  const state: SessionState = {
    legs: [
      { branch: "b", calleeTag: "", pending: { caller: { described, facing: [shared, undefined] } }, told: {} },
      {
        branch: "b",
        calleeTag: "t",
        pending: {},
        told: { caller: { text: "v=0\r\n" } },
        agreed: { described: { caller: described, callee: described }, facing },
      },
    ],
  };
  const session = { name: { callId: "c", callerTag: "a" }, began: 1, signalled: 2, state, streams: [] };

  it("is read as it was written", () => {
    assert.deepEqual(decodeSession(encodeSession(session)), session);
  });

  it("holds the same ports once, whoever shares them", () => {
    const read = decodeSession(encodeSession(session));
    assert.equal(portsOf(read.state).size, 2);
    assert.deepEqual(
      differences(read.state, emptySession).filter(({ type }) => type === "release").length,
      2,
      "and they are released once",
    );
  });

  it("is refused where it has another form", () => {
    assert.throws(() => decodeSession(Buffer.from('{"form":2}')), /kept in the form 2, and 1 is known here/);
    assert.throws(() => decodeSession(Buffer.from("hello")));
  });
});
