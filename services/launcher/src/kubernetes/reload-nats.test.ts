import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { issue, makeAuthority } from "@sipmesh/certificates/issuing";
import { IdentityFolder } from "@sipmesh/certificates/testing";
import { missing, Nats, runProgram } from "@sipmesh/drivers";
import { reloadNats } from "./reload-nats.ts";

const DAY = 86_400_000;

/** The order to reload came with 2.10, as TLS from the first byte did. */
async function tooOld(): Promise<string | false> {
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(await runProgram("nats-server", ["--version"])) ?? [];
  return Number(major) * 1000 + Number(minor) < 2_010 && "this nats-server is older than 2.10";
}

describe("NATS reads its certificates again", { skip: missing("nats-server") || (await tooOld()) }, async () => {
  const authority = await makeAuthority("sipmesh", Date.now(), DAY);
  const certificate = () => issue(authority, ["localhost"], Date.now(), DAY);
  const first = await certificate();
  const folder = new IdentityFolder(authority.certificate, first);
  const { ca, certificate: cert, key } = folder.files;
  const tls = `cert_file: "${cert}", key_file: "${key}", ca_file: "${ca}", verify: true, handshake_first: true`;
  const server = await Nats.start({
    configuration: `
      tls { ${tls} }
      authorization { users: [{ user: sipmesh, password: p }] }
      accounts { $SYS { users: [{ user: system, password: s }] } }`,
  });
  after(async () => {
    await server.stop();
    folder.remove();
  });
  const wanted = (identity: typeof first, within = 10_000) => ({
    servers: [server.url.replace("nats://127.0.0.1", "localhost")],
    identity: { ca: authority.certificate, ...identity },
    user: "system",
    password: "s",
    within,
    every: 20,
  });

  test("a server that shows the certificate already is left alone", async () => {
    assert.deepEqual(await reloadNats(wanted(first)), []);
  });

  test("one that shows an older one is told to, until it shows it", async () => {
    const next = await certificate();
    const reloading = reloadNats(wanted(next));
    // The files come later than the order, as in a pod.
    setTimeout(() => folder.put(authority.certificate, next), 100);
    assert.deepEqual(await reloading, wanted(next).servers);
    assert.deepEqual(await reloadNats(wanted(next)), []);
  });

  test("one that does not come to show it is told of, by its name", async () => {
    await assert.rejects(
      async () => await reloadNats(wanted(await certificate(), 200)),
      /localhost:\d+ does not show the new certificate/,
    );
  });
});
