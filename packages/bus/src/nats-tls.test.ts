import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { issue, makeAuthority } from "@sipmesh/certificates/issuing";
import { IdentityFolder } from "@sipmesh/certificates/testing";
import { missing, Nats, runProgram } from "@sipmesh/drivers";
import { type ClosableClock, systemClock } from "@sipmesh/environment";
import { until } from "@sipmesh/environment/testing";
import type { Envelope } from "./bus.ts";
import { connectNats, type NatsConnection, type NatsTls } from "./connect-nats.ts";
import { natsBus } from "./nats-bus.ts";
import { busContract } from "./testing/bus-contract.ts";
import { outbound } from "./testing/envelopes.ts";

const DAY = 86_400_000;
const skip = missing("nats-server");
const knowsFirst = skip === false && (await natsVersion()) >= 2_010;

const authority = await makeAuthority("sipmesh", Date.now(), DAY);
const stranger = await makeAuthority("sipmesh", Date.now(), DAY);
const certificate = (by = authority, name = "localhost") => issue(by, [name], Date.now(), DAY);

const folders: IdentityFolder[] = [];
const servers: Nats[] = [];
const connections: NatsConnection[] = [];
let clock: ClosableClock;
let served: { server: Nats; files: IdentityFolder };
let ours: IdentityFolder;

before(async () => {
  if (skip) return;
  clock = systemClock((error) => {
    throw error;
  });
  served = await serve();
  ours = await folderOf();
});

after(async () => {
  if (skip) return;
  await Promise.all(connections.map((connection) => connection.close()));
  await Promise.all(servers.map((server) => server.stop()));
  for (const folder of folders) folder.remove();
  clock.close();
});

/** Thousands, then the minor number: 2.10 is 2010. */
async function natsVersion(): Promise<number> {
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(await runProgram("nats-server", ["--version"])) ?? [];
  return Number(major) * 1000 + Number(minor);
}

async function folderOf(trusted = authority.certificate, by = authority, name?: string): Promise<IdentityFolder> {
  const folder = new IdentityFolder(trusted, await certificate(by, name));
  folders.push(folder);
  return folder;
}

/** A server that shows a certificate and asks for one. */
async function serve(name?: string, more = ""): Promise<{ server: Nats; files: IdentityFolder }> {
  const folder = await folderOf(authority.certificate, authority, name);
  const { ca, certificate, key } = folder.files;
  const tls = `cert_file: "${certificate}", key_file: "${key}", ca_file: "${ca}", verify: true, ${more}`;
  const server = await Nats.start({ configuration: `tls { ${tls} }` });
  servers.push(server);
  return { server, files: folder };
}

/** By name: certificates bear names. */
const byName = ({ url }: Nats): string => url.replace("127.0.0.1", "localhost");

async function link(tls: NatsTls = ours.files, to = served.server) {
  const connection = await connectNats({ servers: [byName(to)], tls }, "test", () => {});
  connections.push(connection);
  const bus = natsBus(connection, { clock });
  return {
    bus,
    connection,
    async close() {
      await bus.close();
      await connection.close();
    },
  };
}

/** What a client is told that waits for a server which it will not have. */
async function refusal(server: Nats, tls?: NatsTls, url = byName(server)): Promise<string> {
  const patience = new AbortController();
  let told = "";
  const waiting = (error: unknown) => {
    told = String(error);
    patience.abort();
  };
  await assert.rejects(connectNats({ servers: [url], tls }, "test", waiting, patience.signal), { name: "AbortError" });
  return told;
}

busContract(
  "NATS with TLS",
  async () => {
    const [from, to] = await Promise.all([link(), link()]);
    return {
      from: from.bus,
      to: to.bus,
      close: async () => {
        await from.close();
        await to.close();
      },
    };
  },
  { skip },
);

test("NATS with TLS: a server of another authority is refused, and the error says so", { skip }, async () => {
  const { ca } = (await folderOf(stranger.certificate)).files;
  assert.match(await refusal(served.server, { ...ours.files, ca }), /unable to verify|self.signed certificate/);
});

test("NATS with TLS: a server that shows another name is refused, and the error says so", { skip }, async () => {
  const other = await serve("nats.other-release.svc");
  assert.match(await refusal(other.server, ours.files), /localhost.*nats\.other-release\.svc/s);
});

test("NATS with TLS: a server that is named by its address must bear the name that is given", { skip }, async () => {
  const { server } = await serve("nats.phones.svc");
  const connection = await connectNats(
    { servers: [server.url], tls: { ...ours.files, name: "nats.phones.svc" } },
    "test",
    () => {},
  );
  connections.push(connection);
  const other = { ...ours.files, name: "nats.other-release.svc" };
  assert.match(await refusal(server, other, server.url), /nats\.other-release\.svc.*nats\.phones\.svc/s);
});

test("NATS with TLS: the server refuses who shows no certificate of its authority", { skip }, async () => {
  const { certificate, key } = (await folderOf(stranger.certificate, stranger)).files;
  const { ca } = ours.files;
  assert.match(await refusal(served.server, { ca, certificate, key }), /does not take our certificate/);
  assert.match(await refusal(served.server, { ca }), /does not answer within/);
});

test("NATS with TLS: a server in the clear is refused where TLS was asked for", { skip }, async () => {
  const server = await Nats.start();
  servers.push(server);
  assert.match(await refusal(server, ours.files), /tls/);
  assert.match(await refusal(server, undefined, byName(server).replace("nats:", "tls:")), /tls/);
});

test("NATS with TLS: nothing is said in the clear before it, where both sides begin with it", {
  skip: skip || (!knowsFirst && "this nats-server is older than 2.10"),
}, async () => {
  const { server } = await serve(undefined, "handshake_first: true");
  const { connection, close } = await link({ ...ours.files, first: true }, server);
  await connection.flush();
  await close();
  // Who waits for a greeting in the clear hears none.
  await refusal(server, ours.files);
});

test("NATS with TLS: certificates and authority are renewed without losing a message", { skip }, async () => {
  const { server, files } = await serve();
  const mine = await folderOf();
  const [from, to] = [await link(mine.files, server), await link(mine.files, server)];
  const got: Envelope[] = [];
  to.bus.subscribe("s", (envelope) => got.push(envelope));
  await to.connection.flush();
  let sent = 0;
  let going = true;
  const sending = (async () => {
    while (going) {
      from.bus.publish("s", outbound(String(sent++)));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  const next = await makeAuthority("sipmesh", Date.now(), DAY);
  const both = authority.certificate + next.certificate;
  for (const [trusted, by] of [
    [both, authority],
    [both, next],
    [next.certificate, next],
  ] as const) {
    for (const folder of [mine, files]) folder.put(trusted, await certificate(by));
    await server.reload();
    const before = got.length;
    await until(() => got.length > before + 50);
  }
  going = false;
  await sending;
  await until(() => got.length === sent);
  assert.equal(from.connection.stats().inMsgs, 0);

  // Nobody trusts the first authority any more: new connections show, and are shown, certificates of the next.
  await from.connection.reconnect();
  await until(() => from.bus.state === "connected");
  const third = await link(mine.files, server);
  third.bus.publish("s", outbound("after"));
  await until(() => got.length === sent + 1);
});
