import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseModules } from "./targets.ts";

const modules = [
  { name: "edge", needs: ["transaction"] },
  { name: "transaction", needs: ["routing", "media"] },
  { name: "routing", needs: [] },
  { name: "media", needs: [] },
];
const names = (targets: string) => chooseModules(targets, modules).map(({ name }) => name);

test("all is every target, those that others need first", () => {
  assert.deepEqual(names("all"), ["routing", "media", "transaction", "edge"]);
});

test("A target may run without what it needs: that is somewhere else then", () => {
  assert.deepEqual(names("edge, routing"), ["edge", "routing"]);
});

test("A target that does not exist is refused with those that do", () => {
  assert.throws(() => names("edge,rooting"), /no target rooting; there are all, edge, transaction, routing, media/);
  assert.throws(() => names(" "), /names nothing/);
});

test("Targets that need each other are refused", () => {
  const circle = [
    { name: "a", needs: ["b"] },
    { name: "b", needs: ["a"] },
  ];
  assert.throws(() => chooseModules("all", circle), /a → b → a/);
});
