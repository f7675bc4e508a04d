import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { issue, makeAuthority } from "@sipmesh/certificates/issuing";
import { IdentityFolder } from "@sipmesh/certificates/testing";
import { Capture, freePort, missing, type Platform, Sipp, startPlatform } from "@sipmesh/drivers";
import { newFolder } from "./clients.ts";

const DAY = 86_400_000;
const NAME = "sipmesh.test.svc";
const CALLS = 5;
const scenario = (name: string) => new URL(`../scenarios/${name}.xml`, import.meta.url).pathname;

/** The same calls with TLS between the processes, and without: what is looked for in the first must be seen in the second. */
for (const encrypted of [true, false]) {
  const name = encrypted ? "processes that speak TLS" : "processes that speak in the clear";
  describe(name, { skip: missing("nats-server", "sipp", "tshark") }, () => {
    const folder = newFolder();
    // Other platforms of this machine may speak in the clear meanwhile: what is looked for is said by nobody else.
    const callId = `${folder.slice(-6)}-${encrypted}`;
    const callee = `bob-${callId}`;
    let identity: IdentityFolder | undefined;
    let platform: Platform;
    let captured: string;

    before(async () => {
      identity = encrypted ? await newIdentity() : undefined;
      platform = await startPlatform({ shape: "split", authenticate: false, ...(identity && tlsOf(identity)) });
    });
    after(async () => {
      await platform?.stop();
      identity?.remove();
    });

    it("carry calls", async () => {
      const users = join(folder, "users.csv");
      const calleePort = await freePort();
      writeFileSync(users, `SEQUENTIAL\n${callee};${calleePort}\n`);
      const common = { folder, remote: platform.server, users };
      const capture = await Capture.start({ folder, name: "between", sipPorts: [], filter: "tcp" });
      const port = await freePort();
      const register = new Sipp({ ...common, scenario: scenario("register"), name: "register", port, calls: 1 });
      assert.equal((await register.done(20_000)).successful, 1, register.errors());
      const phone = new Sipp({ folder, scenario: scenario("callee"), name: "callee", port: calleePort });
      const caller = new Sipp({
        ...common,
        scenario: scenario("caller"),
        name: "caller",
        port: await freePort(),
        rate: 1,
        calls: CALLS,
        extra: ["-cid_str", `%u-${callId}@outside`],
      });
      const { successful, failed } = await caller.done(60_000);
      await phone.stop();
      await capture.stop();
      captured = readFileSync(capture.file, "latin1");
      assert.deepEqual({ successful, failed }, { successful: CALLS, failed: 0 }, caller.errors());
    });

    it(encrypted ? "say nothing of them that others can read" : "say of them what others can read", () => {
      // SIP is spoken over UDP here, so that it is seen in TCP only where it travels between processes: an envelope on NATS,
      // and a look-up by gRPC, where the address of record is a field of its own, its length before it.
      const envelope = captured.includes(`1-${callId}@outside`) || captured.includes(`INVITE sip:${callee}@`);
      const lookUp = new RegExp(`\\n.sip:${callee}@`, "s").test(captured);
      assert.deepEqual({ envelope, lookUp }, { envelope: !encrypted, lookUp: !encrypted });
    });
  });
}

async function newIdentity(): Promise<IdentityFolder> {
  const authority = await makeAuthority("sipmesh", Date.now(), DAY);
  return new IdentityFolder(authority.certificate, await issue(authority, [NAME], Date.now(), DAY));
}

function tlsOf({ files }: IdentityFolder) {
  const { ca, certificate, key } = files;
  return {
    nats: `tls { ca_file: "${ca}", cert_file: "${certificate}", key_file: "${key}", verify: true }`,
    config: { nats: { tls: { ...files, name: NAME } }, rpc: { tls: { ...files, name: NAME } } },
  };
}
