import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect, createServer, type TLSSocket } from "node:tls";
import { bearsName } from "../identity.ts";
import { issue, makeAuthority } from "./issue.ts";

const DAY = 86_400_000;
const now = Date.now();

test("An authority signs certificates and no further authorities", async () => {
  const authority = new X509Certificate((await makeAuthority("sipmesh", now, DAY)).certificate);
  assert.equal(authority.ca, true);
  assert.equal(authority.verify(authority.publicKey), true);
  assert.equal(authority.subject, "CN=sipmesh");
});

test("Both ends of TLS take a certificate that was issued, by its name and by its authority", async () => {
  const authority = await makeAuthority("sipmesh", now, DAY);
  const mine = await issue(authority, ["a.example", "*.b.example"], now, DAY);
  const other = await issue(await makeAuthority("sipmesh", now, DAY), ["a.example"], now, DAY);
  const server = createServer({
    ca: authority.certificate,
    cert: mine.certificate,
    key: mine.key,
    requestCert: true,
  }).listen(0, "127.0.0.1");
  server.on("secureConnection", (socket: TLSSocket) => {
    socket.on("error", () => {});
    socket.end(String(bearsName("a.example", socket.getPeerCertificate())));
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const asked = async ({ certificate, key }: typeof mine, servername: string) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      servername,
      ca: authority.certificate,
      cert: certificate,
      key,
    });
    let answer = "";
    for await (const bytes of socket) answer += bytes;
    return answer;
  };
  try {
    assert.equal(await asked(mine, "a.example"), "true");
    assert.equal(await asked(mine, "one.b.example"), "true");
    await assert.rejects(asked(mine, "c.example"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    // TLS 1.3 tells the client after it believes to be in: with an alert, or by an end without a word.
    assert.equal(await asked(other, "a.example").catch(() => ""), "");
  } finally {
    server.close();
  }
});
