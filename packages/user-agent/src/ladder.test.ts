import assert from "node:assert/strict";
import { test } from "node:test";
import { ladder, merged } from "./ladder.ts";
import type { LoggedMessage } from "./message-log.ts";

test("messages are arrows between the participants, retransmissions are marked", () => {
  const drawn = ladder(
    [
      { time: 1000, from: "alice", to: "sipmesh", text: "INVITE sip:bob@example.com" },
      { time: 1500, from: "alice", to: "sipmesh", text: "INVITE sip:bob@example.com", again: true },
      { time: 1503, from: "sipmesh", to: "bob", text: "INVITE sip:bob@192.0.2.4" },
      { time: 2600, from: "bob", to: "alice", text: "200 OK (INVITE)" },
    ],
    { width: 30 },
  );
  assert.deepEqual(drawn.split("\n"), [
    "              alice                        sipmesh                         bob",
    "      0 ms      │ INVITE sip:bob@example.com ▶│                             │",
    "    500 ms      │ ↻ INVITE sip:bob@example.… ▶│                             │",
    "    503 ms      │                             │─ INVITE sip:bob@192.0.2.4 ─▶│",
    "   1.600 s      │◀──────────────────── 200 OK (INVITE) ─────────────────────│",
    "",
  ]);
});

test("a message that both ends logged is told once, by its sender", () => {
  const common = {
    peer: { transport: "udp", address: "192.0.2.1", port: 5060 },
    callId: "c",
    branch: "z9hG4bK1",
    again: false,
  } as const;
  const sent: LoggedMessage = { ...common, time: 1, direction: "sent", line: "BYE sip:bob@h SIP/2.0", cseq: "2 BYE" };
  const answered: LoggedMessage = { ...common, time: 3, direction: "sent", line: "SIP/2.0 200 OK", cseq: "2 BYE" };
  const logs = [
    { participant: "alice", messages: [sent, { ...answered, direction: "received" as const, time: 4 }] },
    { participant: "bob", messages: [{ ...sent, direction: "received" as const, time: 2 }, answered] },
  ];
  let turn = 0;
  const story = merged(logs, () => (turn++ < 2 ? "bob" : "alice"));
  assert.deepEqual(story, [
    { time: 1, from: "alice", to: "bob", text: "BYE sip:bob@h", again: false },
    { time: 3, from: "bob", to: "alice", text: "200 OK (BYE)", again: false },
  ]);
});

test("nothing that a peer writes reaches the terminal as a control character", () => {
  const drawn = ladder([{ time: 0, from: "a\u001b[2J", to: "b", text: "SIP\u001b]0;x\u0007 200" }]);
  assert.ok([...drawn].every((character) => character === "\n" || character >= " "));
});
