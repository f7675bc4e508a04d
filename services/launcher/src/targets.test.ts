import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseModules, processName } from "./targets.ts";

const modules = [{ name: "edge" }, { name: "transaction" }, { name: "routing" }];
const names = (targets: string) => chooseModules(targets, modules).map(({ name }) => name);

test("all is every target", () => {
  assert.deepEqual(names("all"), ["edge", "transaction", "routing"]);
  assert.deepEqual(names("edge,all"), ["edge", "transaction", "routing"]);
});

test("A target of certain surroundings runs only where it is named, and makes no whole platform less whole", () => {
  const more = [...modules, { name: "autoscaler", onlyByName: true as const }];
  const chosen = (targets: string) => chooseModules(targets, more);
  assert.deepEqual(chosen("all"), modules);
  assert.deepEqual(chosen("all,autoscaler"), more);
  assert.equal(processName(chosen("all"), more), "all");
  assert.equal(processName(chosen("all,autoscaler"), more), "all");
  assert.equal(processName(chosen("autoscaler"), more), "autoscaler");
  assert.equal(processName(chosen("edge,routing"), more), "edge-routing");
});

test("A target may run without what it needs: that is somewhere else then", () => {
  assert.deepEqual(names("routing, edge,"), ["edge", "routing"]);
});

test("A target that does not exist is refused with those that do", () => {
  assert.throws(() => names("edge,rooting"), /no target rooting; there are all, edge, transaction, routing/);
  assert.throws(() => names(" "), /names nothing/);
});
