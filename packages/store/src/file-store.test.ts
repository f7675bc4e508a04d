import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, mock, test } from "node:test";
import fc from "fast-check";
import { fileStore } from "./file-store.ts";
import { type Store, StoreAway } from "./store.ts";
import { StoreFileError } from "./store-file-error.ts";
import { storeContract } from "./testing/store-contract.ts";

const directory = mkdtempSync(join(tmpdir(), "sipmesh-store-"));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const file = (): string => join(directory, `${files++}`, "store");

storeContract("file", async () => fileStore(file()), { skip: false });

test("values are there after a restart, removed ones are not, and revisions go on", async () => {
  const path = file();
  const first = fileStore(path);
  const bucket = await first.bucket("bindings");
  await bucket.put("stays", Buffer.from("1"));
  const before = await bucket.put("stays", Buffer.from("2"));
  await bucket.put("goes", Buffer.from("1"));
  await bucket.remove("goes");
  await (await first.bucket("passing", { memory: true })).put("key", Buffer.from("1"));
  await first.close();

  const second = fileStore(path);
  const again = await second.bucket("bindings");
  const entry = await again.get("stays");
  assert.equal(Buffer.from(entry?.value ?? []).toString(), "2");
  assert.equal(entry?.revision, before);
  assert.equal(await again.get("goes"), undefined);
  assert.equal(await (await second.bucket("passing", { memory: true })).get("key"), undefined);
  assert.ok((await again.update("stays", Buffer.from("3"), before)) > before);
  await second.close();
});

test("what was answered survives kill -9", { timeout: 30_000 }, async () => {
  const path = file();
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, "testing", "write-until-killed.ts"), path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const answered = new Map<string, number>();
    for await (const line of createInterface({ input: child.stdout })) {
      const [key, count] = line.split(" ") as [string, string];
      answered.set(key, Number(count));
      if (answered.size >= 50 && Number(count) >= 20 * (round + 1)) break;
    }
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;

    const store = fileStore(path);
    const bucket = await store.bucket("bindings");
    for (const [key, count] of answered) {
      const found = Number(Buffer.from((await bucket.get(key))?.value ?? []).toString());
      assert.ok(found >= count, `${key} is ${found}, ${count} was answered`);
    }
    await store.close();
  }
});

test("records that were overtaken are deleted, and nothing else", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom("put", "put", "put", "remove")), {
        minLength: 4000,
        maxLength: 6000,
      }),
      async (writes) => {
        const path = file();
        const store = fileStore(path);
        const bucket = await store.bucket("b");
        const expected = new Map<string, string>();
        let waiting: Promise<unknown>[] = [];
        for (const [at, [number, write]] of writes.entries()) {
          const key = `key-${number}`;
          if (write === "put") expected.set(key, String(at));
          else expected.delete(key);
          waiting.push(write === "put" ? bucket.put(key, Buffer.from(String(at))) : bucket.remove(key));
          if (at % 97 === 0) {
            await Promise.all(waiting);
            waiting = [];
          }
        }
        await Promise.all(waiting);
        await store.close();
        const again = fileStore(path);
        const found = new Map<string, string>();
        for await (const { key, value } of (await again.bucket("b")).entries()) {
          found.set(key, Buffer.from(value).toString());
        }
        await again.close();
        assert.deepEqual([...found].sort(), [...expected].sort());
      },
    ),
    { numRuns: 5 },
  );
});

test("a store that is written over and over does not grow without bound", async () => {
  const path = file();
  const store = fileStore(path);
  const bucket = await store.bucket("b");
  const value = Buffer.alloc(1000, "x");
  for (let round = 0; round < 200; round++) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => bucket.put(`key-${at}`, value)));
  }
  await store.close();
  // 100 live values and the slack, of 20,000 that were written.
  const bytes = segmentsOf(path).reduce((sum, one) => sum + statSync(one).size, 0);
  assert.ok(bytes < 7_000_000, `${bytes} bytes`);
});

test("the files are for their owner alone", async () => {
  const path = file();
  const store = fileStore(path);
  await (await store.bucket("keys")).put("key", Buffer.from("secret"));
  await store.close();
  assert.equal(statSync(path).mode & 0o777, 0o700);
  for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name);
});

test("a folder that another process uses is refused with a sentence", async () => {
  const path = file();
  const store = fileStore(path);
  assert.throws(() => fileStore(path), { name: "StoreFileError", message: /in use by another process/ });
  await store.close();
  await fileStore(path).close();
});

test("a folder of another make is refused and left alone", () => {
  const path = file();
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "lock.db"), "this is not a database, and it is long enough to be looked at");
  assert.throws(() => fileStore(path), StoreFileError);
  assert.equal(statSync(join(path, "lock.db")).size, 61);
});

test("wherever the last commit was cut off, those before it are there and the store goes on", async () => {
  const path = file();
  const first = fileStore(path);
  const bucket = await first.bucket("b");
  await bucket.put("one", Buffer.from("1"));
  await bucket.put("two", Buffer.from("2"));
  const [segment] = segmentsOf(path) as [string];
  const before = statSync(segment).size;
  await Promise.all([
    bucket.put("one", Buffer.from("1a")),
    bucket.remove("two"),
    bucket.put("three", Buffer.from("3")),
  ]);
  await first.close();
  const whole = readFileSync(segment);
  for (let size = before; size < whole.length; size++) {
    const torn = Buffer.from(whole.subarray(0, size + (size % 2)));
    // Cut short, or its last byte not what it was.
    if (size % 2 === 1) torn[size] = (torn[size] as number) ^ 1;
    writeFileSync(segment, torn);
    let told = 0;
    const store = fileStore(path, { answered() {}, failed: (where) => (told += where === "journal" ? 1 : 0) });
    assert.deepEqual(await valuesOf(store), { one: "1", two: "2" });
    assert.equal(told, torn.length === before ? 0 : 1);
    await (await store.bucket("b")).put("one", Buffer.from("again"));
    await store.close();
    const again = fileStore(path);
    assert.deepEqual(await valuesOf(again), { one: "again", two: "2" });
    await again.close();
  }
});

test("what cannot be written is taken back and told, and the store goes on when it can", async () => {
  const path = file();
  const store = fileStore(path);
  const bucket = await store.bucket("b");
  const revision = await bucket.put("key", Buffer.from("1"));
  const full = mock.method(fs, "writeSync", () => {
    throw new Error("ENOSPC");
  });
  syncBuiltinESMExports();
  await assert.rejects(bucket.update("key", Buffer.from("2"), revision), StoreAway);
  assert.equal(store.state, "away");
  full.mock.restore();
  syncBuiltinESMExports();
  assert.equal((await bucket.get("key"))?.revision, revision);
  await bucket.update("key", Buffer.from("3"), revision);
  assert.equal(store.state, "connected");
  await store.close();
  const again = fileStore(path);
  assert.deepEqual(await valuesOf(again), { key: "3" });
  await again.close();
});

function segmentsOf(path: string): string[] {
  return readdirSync(path)
    .filter((name) => name.startsWith("journal-"))
    .map((name) => join(path, name));
}

async function valuesOf(store: Store): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for await (const { key, value } of (await store.bucket("b")).entries()) values[key] = Buffer.from(value).toString();
  return values;
}
