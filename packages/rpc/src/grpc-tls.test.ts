import assert from "node:assert/strict";
import { after, test } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { type WatchedIdentity, watchIdentity } from "@sipmesh/certificates";
import { issue, makeAuthority } from "@sipmesh/certificates/issuing";
import { IdentityFolder } from "@sipmesh/certificates/testing";
import { systemClock } from "@sipmesh/environment";
import { until } from "@sipmesh/environment/testing";
import { LocationClient, LocationService } from "@sipmesh/proto/location";
import { Code } from "./error.ts";
import { type GrpcRpc, grpcRpc } from "./grpc-rpc.ts";
import type { Peer } from "./peer-link.ts";
import { proxyTo } from "./testing/proxy.ts";
import { asked, handlers, REPLY, rpcContract } from "./testing/rpc-contract.ts";

const DAY = 86_400_000;
const NAME = "sipmesh.phones.svc";

const clock = systemClock((error) => {
  throw error;
});
const folders: IdentityFolder[] = [];
const identities: WatchedIdentity[] = [];
const running: { close(): Promise<void> }[] = [];
/** Ended also where a test fails, lest the run hang. */
after(async () => {
  await Promise.all(running.map((one) => one.close()));
  for (const identity of identities) identity.close();
  for (const folder of folders) folder.remove();
  clock.close();
});

const authority = await makeAuthority("sipmesh", Date.now(), DAY);
const stranger = await makeAuthority("sipmesh", Date.now(), DAY);
const certificate = (by = authority, name = NAME) => issue(by, [name], Date.now(), DAY);

async function folderOf(trusted: string, by = authority, name = NAME): Promise<IdentityFolder> {
  const folder = new IdentityFolder(trusted, await certificate(by, name));
  folders.push(folder);
  return folder;
}

let instances = 0;

async function start(
  folder: IdentityFolder,
  peers: () => readonly Peer[] = () => [],
  unreachable: (reason: string) => void = () => {},
): Promise<GrpcRpc> {
  const identity = await watchIdentity(folder.files, { clock, every: 10 });
  identities.push(identity);
  const one = await grpcRpc({
    clock,
    instance: `t${instances++}`,
    listen: { address: "127.0.0.1", port: 0 },
    peers,
    complete: () => true,
    tls: { identity, name: NAME },
    observer: {
      called() {},
      served() {},
      failed() {},
      peerLost() {},
      peerUnreachable: (_instance, reason) => unreachable(reason),
    },
  });
  running.push(one);
  return one;
}

const peer = (instance: string, port: number): Peer => ({ instance, address: "127.0.0.1", port });

rpcContract("gRPC with TLS", async () => {
  const folder = await folderOf(authority.certificate);
  const answerer = await start(folder);
  const caller = await start(folder, () => [peer("a", answerer.port)]);
  return {
    caller,
    answerer,
    async close() {
      await caller.close();
      await answerer.close();
    },
  };
});

/** What a caller is told that calls until it is refused. */
async function refusal(caller: GrpcRpc): Promise<string> {
  const location = caller.client("location", LocationService);
  const told: string[] = [];
  await until(async () => {
    try {
      await location.lookup(asked, { deadline: 500 });
      throw new Error("the call was answered");
    } catch (error) {
      if ((error as { code?: number }).code === undefined) throw error;
      told.push((error as Error).message);
      return /cannot be reached \(.+\)/.test(told.at(-1) ?? "");
    }
  });
  return told.at(-1) ?? "";
}

test("gRPC with TLS: who shows a certificate of another authority is refused, and the error says so", async () => {
  const answerer = await start(await folderOf(authority.certificate));
  answerer.serve(LocationService, handlers());
  const reasons: string[] = [];
  // Trusts the other side, and is not trusted by it; then the other way round.
  const notTrusted = await start(
    await folderOf(authority.certificate, stranger),
    () => [peer("a", answerer.port)],
    (reason) => reasons.push(reason),
  );
  assert.match(await refusal(notTrusted), /the instance "a" cannot be reached/);
  const distrusting = await start(await folderOf(stranger.certificate), () => [peer("a", answerer.port)]);
  assert.match(await refusal(distrusting), /certificate/);
  await until(() => reasons.length === 1, 10_000);
});

test("gRPC with TLS: a process of another release of the same authority is refused, whichever side it is on", async () => {
  const ours = await folderOf(authority.certificate);
  const other = await folderOf(authority.certificate, authority, "other.phones.svc");
  const [answerer, pretender] = [await start(ours), await start(other)];
  for (const one of [answerer, pretender]) one.serve(LocationService, handlers());
  const asking = await start(other, () => [peer("a", answerer.port)]);
  assert.match(await refusal(asking), /does not bear the name "sipmesh\.phones\.svc"/);
  const misled = await start(ours, () => [peer("p", pretender.port)]);
  assert.match(await refusal(misled), /sipmesh\.phones\.svc/);
});

test("gRPC with TLS: who shows no certificate, or speaks in the clear, gets no answer", async () => {
  const answerer = await start(await folderOf(authority.certificate));
  answerer.serve(LocationService, handlers());
  for (const how of [credentials.createInsecure(), credentials.createSsl(Buffer.from(authority.certificate))]) {
    const client = new LocationClient(`127.0.0.1:${answerer.port}`, how, { "grpc.ssl_target_name_override": NAME });
    const lookup = new Promise((resolve, reject) =>
      client.lookup(asked, (error, reply) => (error ? reject(error) : resolve(reply))),
    );
    await assert.rejects(lookup, { code: Code.Unavailable });
    client.close();
  }
});

test("gRPC with TLS: certificate and authority are renewed without losing a call, and new connections show the new one", async () => {
  const folder = await folderOf(authority.certificate);
  const answerer = await start(folder);
  answerer.serve(LocationService, handlers());
  const proxy = await proxyTo(answerer.port);
  running.unshift(proxy);
  const peers = [peer("a", proxy.port)];
  const caller = await start(folder, () => peers);
  const location = caller.client("location", LocationService);
  const lookup = () => location.lookup(asked, { deadline: 2000 });
  await lookup();

  const next = await makeAuthority("sipmesh", Date.now(), DAY);
  const both = authority.certificate + next.certificate;
  const taken = (text: string) =>
    until(() => identities.slice(-2).every(({ current }) => `${current.ca}${current.certificate}` === text));
  const steps = [
    { trusted: both, shown: await certificate() },
    { trusted: both, shown: await certificate(next) },
    { trusted: next.certificate, shown: await certificate(next) },
  ];
  let answered = 0;
  let going = true;
  const calling = (async () => {
    while (going) {
      assert.deepEqual(await lookup(), REPLY);
      answered += 1;
    }
  })();
  for (const { trusted, shown } of steps) {
    folder.put(trusted, shown);
    await taken(trusted + shown.certificate);
    const before = answered;
    await until(() => answered > before + 100);
  }
  going = false;
  await calling;

  // Nobody trusts the first authority any more: a connection comes about with the new one only.
  proxy.cut();
  await until(async () => {
    try {
      return (await lookup()) !== undefined;
    } catch {
      return false;
    }
  });
});
