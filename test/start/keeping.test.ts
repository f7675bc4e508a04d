import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Account, callWithAudio, phones } from "./phones.ts";
import { newFolder, Running } from "./sipmesh.ts";

const accounts = (platform: Running): [Account, Account] =>
  JSON.parse(readFileSync(join(platform.dataDirectory, "demo-subscribers.json"), "utf8"));

const registrations = async (platform: Running) =>
  [...(await platform.metric("sipmesh_registrations")).values()].reduce((sum, value) => sum + value, 0);

describe("What a platform keeps, and what it keeps to itself", () => {
  const phone = phones();

  it("makes passwords once, for its owner alone to read, and knows its phones after a restart and after kill -9", async () => {
    let platform = await (await Running.start({ folder: newFolder(), name: "kept" })).ready();
    try {
      const [alice, bob] = accounts(platform);
      assert.notEqual(alice.password, bob.password);
      for (const name of readdirSync(platform.dataDirectory)) {
        assert.equal(statSync(join(platform.dataDirectory, name)).mode & 0o077, 0, `${name} is for its owner alone`);
      }
      assert.equal(statSync(platform.dataDirectory).mode & 0o077, 0);
      const callee = await phone(platform.sip, bob, 660);
      assert.ok((await callee.register()) > 0);
      assert.equal(await registrations(platform), 1);

      for (const end of ["SIGKILL", "SIGTERM", "SIGKILL"] as const) {
        platform.program.signal(end);
        const code = await platform.program.exit(10_000);
        if (end === "SIGTERM") assert.equal(code, 0, platform.program.output);
        platform = await platform.again().ready();
        assert.equal(await registrations(platform), 1, `after ${end}`);
        assert.deepEqual(accounts(platform), [alice, bob]);
        // bob has not registered anew: his contact is the one that was kept.
        const caller = await phone(platform.sip, alice, 440);
        await callWithAudio(caller, callee, "bob");
        await caller.close();
      }
    } finally {
      await platform.program.stop();
    }
  });

  it("shows passwords, their hashes and credentials in no log line, page or span", async () => {
    const spans: Buffer[] = [];
    const collector = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => spans.push(chunk));
      request.on("end", () => response.writeHead(200).end());
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => collector.once("listening", resolve));
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const platform = await Running.start({
      folder: newFolder(),
      name: "silent",
      config: { log: { level: "debug" }, trace: { endpoint } },
    });
    try {
      await platform.ready();
      const [alice, bob] = accounts(platform);
      const [caller, callee] = [await phone(platform.sip, alice, 440), await phone(platform.sip, bob, 660)];
      await caller.register();
      await callee.register();
      const wrong = await phone(platform.sip, { user: "alice", password: "wrong-password" });
      await assert.rejects(wrong.register());
      const { callId } = await callWithAudio(caller, callee, "bob");
      const pages = await Promise.all(
        ["/state", "/metrics", "/ready"].map(async (path) => (await platform.page(path)).text()),
      );
      await pause(200);
      platform.program.signal("SIGTERM");
      assert.equal(await platform.program.exit(15_000), 0);
      const traced = Buffer.concat(spans).toString("latin1");
      assert.ok(traced.includes(callId), "the call was traced");
      const hashes = [alice, bob].flatMap(({ user, password }) =>
        ["md5", "sha256"].map((hash) => createHash(hash).update(`${user}:sipmesh:${password}`).digest("hex")),
      );
      for (const secret of [alice.password, bob.password, "wrong-password", ...hashes, 'response="', "response=\\"]) {
        for (const [where, text] of [
          ["a log", platform.program.output],
          ["a page", pages.join()],
          ["a span", traced],
        ] as const) {
          assert.ok(!text.includes(secret), `${where} shows ${secret}`);
        }
      }
    } finally {
      await platform.program.stop();
      collector.close();
    }
  });
});
