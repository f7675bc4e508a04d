import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readSelector, SelectorError } from "./selector.ts";

const labels = { target: "transaction", zone: "a" };

describe("A label selector, as Kubernetes writes it", () => {
  for (const text of [
    "",
    "target=transaction",
    "target==transaction",
    "target = transaction , zone=a",
    "zone!=b",
    "other!=x",
    "target in (routing, transaction)",
    "target in (routing,transaction),zone in (a)",
    "target notin (routing)",
    "other notin (x)",
    "target",
    "!other",
  ])
    it(`selects: ${text || "nothing asked"}`, () => assert.equal(readSelector(text)(labels), true));

  for (const text of [
    "target=routing",
    "target=transaction,zone=b",
    "target!=transaction",
    "target in (routing)",
    "other in (x)",
    "target notin (transaction)",
    "other",
    "!target",
    "other=",
  ])
    it(`does not select: ${text}`, () => assert.equal(readSelector(text)(labels), false));

  for (const text of ["target=a b", "target in transaction", "=x", "target>1", ",", "target in ((a))", "-a=b"])
    it(`cannot be read: ${text}`, () => assert.throws(() => readSelector(text), SelectorError));
});
