import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ownText } from "./characters.ts";

test("an own text is the same text, whatever its length", () => {
  const whole = "z9hG4bK-\u00e9\u00ff-0123456789-abcdefghijklmnopqrstuvwxyz";
  for (let end = 0; end <= whole.length; end++) assert.equal(ownText(whole.slice(0, end)), whole.slice(0, end));
});

test("an own text does not hold what it was cut from", () => {
  setFlagsFromString("--expose-gc");
  const gc: () => void = runInNewContext("gc");
  const kept: string[] = [];
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 2000; i++) {
    const head = Buffer.alloc(10_000, 97 + (i % 26)).toString("latin1");
    kept.push(ownText(head.slice(100, 140)));
  }
  gc();
  const each = (process.memoryUsage().heapUsed - before) / kept.length;
  assert.ok(each < 1000, `${each} bytes for each of ${kept.length} texts`);
});
