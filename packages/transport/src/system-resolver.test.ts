import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseHosts } from "./hosts.ts";
import { ResolveError } from "./resolver.ts";
import { systemResolver } from "./system-resolver.ts";

const A = 1;
const SRV = 33;

/** A name server with two names; it keeps silent about "silent.test" and breaks down over "broken.test". */
async function nameServer(): Promise<{ address: string; close(): void }> {
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    const name = labels.join(".");
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    if (name === "silent.test") return;
    const answers: Buffer[] = [];
    const answer = (data: Buffer) =>
      answers.push(Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 42, 0, data.length]), data]));
    if (name === "known.test" && type === A) answer(Buffer.from([192, 0, 2, 1]));
    if (name === "_sip._udp.known.test" && type === SRV) {
      answer(Buffer.from([0, 10, 0, 20, 0x13, 0xc4, 5, ...Buffer.from("known"), 4, ...Buffer.from("test"), 0]));
    }
    const known = name.endsWith("known.test");
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | (name === "broken.test" ? 2 : known ? 0 : 3), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([header, question, ...answers]), from.port, from.address);
  });
  await new Promise<void>((bound) => socket.bind(0, "127.0.0.1", bound));
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

test("records come with what RFC 3263 needs; no such name or record is an empty list; no answer is an error", async (t) => {
  const server = await nameServer();
  t.after(() => server.close());
  const resolver = systemResolver({ servers: [server.address], hosts: "/nonexistent" });
  assert.deepEqual(await resolver.a("known.test"), [{ address: "192.0.2.1", ttl: 42 }]);
  assert.deepEqual(await resolver.aaaa("known.test"), []);
  assert.deepEqual(await resolver.srv("_sip._udp.known.test"), [
    { priority: 10, weight: 20, port: 5060, target: "known.test" },
  ]);
  assert.deepEqual(await resolver.naptr("known.test"), []);
  assert.deepEqual(await resolver.a("nobody.test"), []);
  assert.deepEqual(await resolver.a("not a name"), []);
  await assert.rejects(
    resolver.a("broken.test"),
    (error) => error instanceof ResolveError && error.code === "server-failure",
  );
  const start = performance.now();
  await assert.rejects(resolver.a("silent.test"), (error) => error instanceof ResolveError && error.code === "timeout");
  assert.ok(performance.now() - start < 6000);
});

test("the hosts file goes first", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "sipmesh-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "hosts");
  writeFileSync(file, "# comment\n192.0.2.7  pbx.Example  pbx # mine\n2001:db8::7 pbx\nnonsense pbx\n");
  const resolver = systemResolver({ servers: ["127.0.0.1:1"], hosts: file });
  assert.deepEqual(await resolver.a("PBX"), [{ address: "192.0.2.7", ttl: 60 }]);
  assert.deepEqual(await resolver.aaaa("pbx"), [{ address: "2001:db8::7", ttl: 60 }]);
  assert.deepEqual(parseHosts("192.0.2.1 a b\n192.0.2.2 a").get("a"), ["192.0.2.1", "192.0.2.2"]);
});
