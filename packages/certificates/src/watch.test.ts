import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock } from "@sipmesh/environment";
import { until } from "@sipmesh/environment/testing";
import { readIdentity } from "./identity.ts";
import { issue, makeAuthority } from "./issuing/index.ts";
import { IdentityFolder } from "./testing/index.ts";
import { type WatchedIdentity, watchIdentity } from "./watch.ts";

const DAY = 86_400_000;
const clock = systemClock((error) => {
  throw error;
});
const folders: IdentityFolder[] = [];
const watched: WatchedIdentity[] = [];
after(() => {
  for (const one of watched) one.close();
  clock.close();
  for (const folder of folders) folder.remove();
});

const authority = await makeAuthority("sipmesh", Date.now(), DAY);
const certificate = (life = DAY) => issue(authority, ["a.example"], Date.now(), life);

function folderOf(trusted: string, shown: Awaited<ReturnType<typeof issue>>): IdentityFolder {
  const folder = new IdentityFolder(trusted, shown);
  folders.push(folder);
  return folder;
}

async function watch(folder: IdentityFolder, failed?: (error: unknown) => void): Promise<WatchedIdentity> {
  const one = await watchIdentity(folder.files, { clock, every: 10, ...(failed && { failed }) });
  watched.push(one);
  return one;
}

test("Renewed files are taken up, and whoever asked is told", async () => {
  const folder = folderOf(authority.certificate, await certificate());
  const identity = await watch(folder);
  const told: number[] = [];
  const end = identity.onChange(({ ends }) => told.push(ends));
  const next = await certificate(3 * DAY);
  folder.put(authority.certificate, next);
  await until(() => told.length === 1);
  assert.equal(identity.current.certificate.toString(), next.certificate);
  assert.ok(Math.abs((told[0] ?? 0) - Date.now() - 3 * DAY) < 60_000);
  end();
  folder.put(authority.certificate, await certificate(4 * DAY));
  await until(() => identity.current.ends > Date.now() + 3.5 * DAY);
  assert.equal(told.length, 1);
});

test("Files that do not belong together are told once, and not used", async () => {
  const first = await certificate();
  const folder = folderOf(authority.certificate, first);
  const told: unknown[] = [];
  const identity = await watch(folder, (error) => told.push(error));
  folder.put(authority.certificate, { ...(await certificate()), key: first.key });
  await until(() => told.length === 1);
  assert.match(String(told[0]), /tls\.key is not the key of the certificate .*tls\.crt/);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(told.length, 1);
  assert.equal(identity.current.certificate.toString(), first.certificate);
  const last = await certificate();
  folder.put(authority.certificate, last);
  await until(() => identity.current.certificate.toString() === last.certificate);
});

test("At the start it is an error that names the file", async () => {
  const shown = await certificate();
  const wrong = folderOf(authority.certificate, { ...shown, certificate: "no certificate" });
  await assert.rejects(watchIdentity(wrong.files, { clock }), {
    name: "CertificateError",
    message: /tls\.crt is not what it should be/,
  });
  const gone = folderOf(authority.certificate, shown);
  gone.remove();
  await assert.rejects(readIdentity(gone.files), { name: "CertificateError", message: /ca\.crt cannot be read/ });
});
