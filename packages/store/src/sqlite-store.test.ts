import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import fc from "fast-check";
import { StoreFileError } from "./journal.ts";
import { sqliteStore } from "./sqlite-store.ts";
import { storeContract } from "./testing/store-contract.ts";

const directory = mkdtempSync(join(tmpdir(), "sipmesh-store-"));
after(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const file = (): string => join(directory, `${files++}`, "store.db");

storeContract("sqlite", async () => sqliteStore(file()), { skip: false });

test("values are there after a restart, removed ones are not, and revisions go on", async () => {
  const path = file();
  const first = sqliteStore(path);
  const bucket = await first.bucket("bindings");
  await bucket.put("stays", Buffer.from("1"));
  const before = await bucket.put("stays", Buffer.from("2"));
  await bucket.put("goes", Buffer.from("1"));
  await bucket.remove("goes");
  await (await first.bucket("passing", { memory: true })).put("key", Buffer.from("1"));
  await first.close();

  const second = sqliteStore(path);
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

    const store = sqliteStore(path);
    const bucket = await store.bucket("bindings");
    for (const [key, count] of answered) {
      const found = Number(Buffer.from((await bucket.get(key))?.value ?? []).toString());
      assert.ok(found >= count, `${key} is ${found}, ${count} was answered`);
    }
    await store.close();
  }
});

test("rows that were overtaken are deleted, and nothing else", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom("put", "put", "put", "remove")), {
        minLength: 4000,
        maxLength: 6000,
      }),
      async (writes) => {
        const path = file();
        const store = sqliteStore(path);
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
        const again = sqliteStore(path);
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

test("a file that is written over and over does not grow without bound", async () => {
  const path = file();
  const store = sqliteStore(path);
  const bucket = await store.bucket("b");
  const value = Buffer.alloc(1000, "x");
  for (let round = 0; round < 200; round++) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => bucket.put(`key-${at}`, value)));
  }
  await store.close();
  // 100 live values and the slack, of 20,000 that were written.
  assert.ok(statSync(path).size < 5_000_000, `${statSync(path).size} bytes`);
});

test("the file is for its owner alone", async () => {
  const path = file();
  const store = sqliteStore(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await store.close();
});

test("a file that another process uses is refused with a sentence", async () => {
  const path = file();
  const store = sqliteStore(path);
  assert.throws(() => sqliteStore(path), { name: "StoreFileError", message: /in use by another process/ });
  await store.close();
});

test("a file that is no database is refused and left alone", () => {
  const path = join(directory, "text.db");
  writeFileSync(path, "this is not a database, and it is long enough to be looked at");
  assert.throws(() => sqliteStore(path), StoreFileError);
  assert.equal(statSync(path).size, 61);
});
