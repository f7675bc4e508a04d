import { Worker } from "node:worker_threads";
import { cpuMicroseconds } from "./cpu.ts";
import type { Measured } from "./load.ts";
import type { Peer } from "./peer.ts";

/** A relay under measurement. */
export interface RelayPeer extends Peer {
  /** Sets up the media of one call between two ports of the loopback address. */
  session(number: number, callerPort: number, calleePort: number): Promise<RelayPorts>;
}

export interface RelayPorts {
  readonly callerSendsTo: number;
  readonly calleeSendsTo: number;
}

/** What the generator is told, and what it tells. */
export interface GeneratorTask {
  readonly ports: readonly RelayPorts[];
  readonly seconds: number;
}
export interface GeneratorReport {
  readonly sent: number;
  readonly received: number;
}

/** Two-way calls of 50 packets per second and direction, 172 bytes each, through a relay. */
export async function relayLoad(peer: RelayPeer, packetsPerSecond: number, seconds: number): Promise<Measured> {
  const worker = new Worker(new URL("./rtp-generator.ts", import.meta.url));
  const heard = <T>() =>
    new Promise<T>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  try {
    const { caller, callee } = await heard<{ caller: number; callee: number }>();
    const ports: RelayPorts[] = [];
    for (let number = 0; number < packetsPerSecond / 100; number += 1)
      ports.push(await peer.session(number, caller, callee));
    const run = async (length: number) => {
      const report = heard<GeneratorReport>();
      worker.postMessage({ ports, seconds: length } satisfies GeneratorTask);
      return await report;
    };
    await run(2);
    const before = cpuMicroseconds(peer.pids);
    const { sent, received } = await run(seconds);
    const spent = cpuMicroseconds(peer.pids) - before;
    return { microseconds: spent / Math.max(1, received), done: received, failed: sent - received, retransmissions: 0 };
  } finally {
    await worker.terminate();
  }
}
