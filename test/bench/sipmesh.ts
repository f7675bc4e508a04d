import { type Platform, RawPhone, type Shape, startPlatform } from "@sipmesh/drivers";
import { CALLEE, PASSWORD, SERVER_PORT, SUBSCRIBERS } from "./load.ts";
import type { Peer } from "./peer.ts";
import type { RelayPeer } from "./relay.ts";
import { portOf } from "./rtpengine.ts";
import { startTraceSink } from "./trace-sink.ts";

/** As configured by default; the tests' own configuration has less. */
const WARM_UP = 500;

/** The whole platform with its full feature set: timers, metrics, 1 % of the calls traced; media left to the phones. */
export async function startSipmesh(options: {
  shape: Shape;
  digest: boolean;
  copies?: Readonly<Record<string, number>>;
}): Promise<Peer> {
  const subscribers = [];
  for (let n = 0; options.digest && n < SUBSCRIBERS; n += 1) subscribers.push({ user: `u${n}`, password: PASSWORD });
  const domain = {
    name: "sipmesh.test",
    ownAddresses: true,
    authenticate: options.digest,
    openToStrangers: true,
    anyUser: !options.digest,
    subscribers: [...subscribers, { user: CALLEE, password: PASSWORD }],
  };
  const sink = await startTraceSink();
  const platform = await startPlatform({
    shape: options.shape,
    ...(options.copies !== undefined && { copies: options.copies }),
    port: SERVER_PORT,
    config: {
      process: { warmUp: WARM_UP },
      routing: { media: "never" },
      directory: { domains: [domain] },
      trace: { ratio: 0.01, endpoint: sink.endpoint },
      log: { level: "warn" },
    },
  });
  const { name, pids, stop } = peer(platform, `sipmesh (${options.shape})`);
  return {
    name,
    pids,
    async stop() {
      await stop();
      sink.close();
    },
  };
}

/** The platform with real calls whose media it relays. */
export async function startSipmeshRelay(): Promise<RelayPeer> {
  const platform = await startPlatform({
    shape: "all",
    authenticate: false,
    config: { media: { ports: { first: 32_768, last: 60_999 }, silence: 3_600 }, log: { level: "warn" } },
  });
  const caller = await RawPhone.open(platform, "caller");
  const callee = await RawPhone.open(platform, "callee");
  const registered = await callee.register();
  if (registered !== 200) throw new Error(`REGISTER was answered ${registered}`);
  return {
    ...peer(platform, "sipmesh"),
    async session(_number, callerPort, calleePort) {
      caller.rtpPort = callerPort;
      callee.rtpPort = calleePort;
      callee.requests.length = 0;
      const call = await caller.call("callee", 10_000);
      if (call.status !== 200) throw new Error(`a call was answered ${call.status}`);
      const offer = callee.requests.find((request) => request.startsWith("INVITE "));
      return { callerSendsTo: portOf(call.sdp), calleeSendsTo: portOf(offer ?? "") };
    },
    async stop() {
      caller.close();
      callee.close();
      await platform.stop();
    },
  };
}

function peer(platform: Platform, name: string): Peer {
  return { name, pids: platform.pids, stop: () => platform.stop() };
}
