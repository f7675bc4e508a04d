import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, noSession, type OfferAnswer, offer, refuse } from "./offer-answer.ts";

type State = OfferAnswer<string>;

function made(state: State | undefined): State {
  assert.ok(state);
  return state;
}

test("an offer and its answer are what both agreed on, whoever makes it", () => {
  const called = made(answer(made(offer(noSession<string>(), "local", "o")), "remote", "a"));
  assert.deepEqual(called, { agreed: { local: "o", remote: "a" } });
  const delayed = made(answer(made(offer(noSession<string>(), "remote", "o")), "local", "a"));
  assert.deepEqual(delayed, { agreed: { local: "a", remote: "o" } });
});

test("a refused re-offer leaves what was agreed before (section 14.1)", () => {
  const agreed: State = { agreed: { local: "o", remote: "a" } };
  assert.deepEqual(refuse(made(offer(agreed, "remote", "hold"))), agreed);
  assert.deepEqual(refuse(made(offer(noSession<string>(), "local", "o"))), {});
});

test("there is one open offer at a time, and nobody answers their own", () => {
  const open = made(offer(noSession<string>(), "local", "o"));
  assert.equal(offer(open, "remote", "glare"), undefined);
  assert.equal(offer(open, "local", "again"), undefined);
  assert.equal(answer(open, "local", "a"), undefined);
  assert.equal(answer({ agreed: { local: "o", remote: "a" } }, "remote", "late"), undefined);
});
