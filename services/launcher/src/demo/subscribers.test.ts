import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { demoFile, demoSubscribers } from "./subscribers.ts";

function inFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-launcher-"));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("Passwords are made once, differ, and are for their owner alone to read", () => {
  inFolder((folder) => {
    const data = join(folder, "data");
    const first = demoSubscribers(data);
    assert.deepEqual(demoSubscribers(data), first);
    assert.deepEqual(
      first.map(({ user }) => user),
      ["alice", "bob"],
    );
    assert.equal(new Set(first.map(({ password }) => password)).size, 2);
    for (const { password } of first) assert.match(password, /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/);
    assert.equal(statSync(demoFile(data)).mode & 0o777, 0o600);
    assert.equal(statSync(data).mode & 0o777, 0o700);
  });
});

test("A damaged file is refused with what to do, not overwritten", () => {
  inFolder((folder) => {
    writeFileSync(demoFile(folder), '[{"user":"alice"}]');
    assert.throws(() => demoSubscribers(folder), /remove it to get new passwords/);
  });
});
