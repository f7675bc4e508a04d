import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Sipp, type SippCounts } from "@sipmesh/drivers";
import { cpuMicroseconds } from "./cpu.ts";
import type { Peer } from "./peer.ts";

export const SERVER_PORT = 5060;
const SERVER = `127.0.0.1:${SERVER_PORT}`;
/** The scenarios register this callee's port. */
export const CALLEE_PORT = 5070;
/** Addresses of record that register. */
export const SUBSCRIBERS = 20_000;
/**
 * Calls or REGISTERs, at the rate that is then measured, before anything counts. Servers run for weeks: what is measured
 * is what they cost then, not what V8 spends on reading and compiling them first, which takes up to 20,000.
 */
export const WARM_UP = 40_000;
export const PASSWORD = "secret";
export const CALLEE = "callee";

const scenario = (name: string) => new URL(`./scenarios/${name}.xml`, import.meta.url).pathname;

/** What one run of one load cost a peer. */
export interface Measured {
  /** Server CPU per call, REGISTER or packet, in microseconds. */
  readonly microseconds: number;
  readonly done: number;
  readonly failed: number;
  readonly retransmissions: number;
}

/** REGISTER of 20,000 addresses of record at a fixed rate; with digest each is a 401 and a 200. */
export async function registerLoad(peer: Peer, rate: number, seconds: number, digest: boolean): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-bench-"));
  const users = join(folder, "users.csv");
  writeFileSync(users, `SEQUENTIAL\n${lines(digest)}`);
  const run = async (calls: number) => {
    const sipp = new Sipp({
      scenario: scenario(digest ? "rega" : "reg"),
      folder,
      name: `register-${calls}`,
      remote: SERVER,
      port: 5071,
      rate,
      calls,
      users,
      extra: ["-l", "20000"],
    });
    return await sipp.done((calls / rate + 40) * 1_000);
  };
  await run(Math.max(rate, WARM_UP));
  return await measured(peer, rate * seconds, () => run(rate * seconds));
}

function lines(digest: boolean): string {
  const rows: string[] = [];
  for (let n = 0; n < SUBSCRIBERS; n += 1) {
    const user = `u${n}`;
    rows.push(digest ? `${user};[authentication username=${user} password=${PASSWORD}]` : user);
  }
  return `${rows.join("\n")}\n`;
}

/** Calls at a fixed rate: INVITE, 100, 180, 200, ACK, BYE, 200. */
export async function callLoad(
  peer: Peer,
  rate: number,
  seconds: number,
  warmUp = { rate, calls: Math.max(rate, WARM_UP) },
): Promise<Measured> {
  const calls = await Calls.to(peer);
  try {
    await calls.run(warmUp.rate, warmUp.calls);
    return await calls.measured(rate, rate * seconds);
  } finally {
    await calls.end();
  }
}

/** Calls through a peer to one callee that is registered with it. */
export class Calls {
  readonly #peer: Peer;
  readonly #folder: string;
  readonly #users: string;
  readonly #callee: Sipp;
  #runs = 0;

  private constructor(peer: Peer, folder: string, users: string) {
    this.#peer = peer;
    this.#folder = folder;
    this.#users = users;
    this.#callee = new Sipp({
      scenario: scenario("uas"),
      folder,
      name: "callee",
      port: CALLEE_PORT,
      extra: ["-l", "100000"],
    });
  }

  /** Registers the callee, and has it wait for calls. */
  static async to(peer: Peer): Promise<Calls> {
    const folder = mkdtempSync(join(tmpdir(), "sipmesh-bench-"));
    const users = join(folder, "users.csv");
    writeFileSync(users, `SEQUENTIAL\n${CALLEE}\n`);
    const registration = new Sipp({
      scenario: scenario("reg"),
      folder,
      name: "register",
      remote: SERVER,
      port: 5071,
      calls: 1,
      users,
    });
    const registered = await registration.done(10_000);
    if (registered.successful !== 1)
      throw new Error(`the callee could not register with ${peer.name}: ${registration.errors()}`);
    const calls = new Calls(peer, folder, users);
    await pause(300);
    return calls;
  }

  /** Places calls, so many a second. */
  async run(rate: number, calls: number): Promise<SippCounts> {
    const caller = new Sipp({
      scenario: scenario("uac"),
      folder: this.#folder,
      name: `caller-${++this.#runs}`,
      remote: SERVER,
      port: 5072,
      rate,
      calls,
      users: this.#users,
      // A call whose answer never comes counts as failed and must not hold the run up.
      extra: ["-l", "100000", "-recv_timeout", "20000"],
    });
    return await caller.done((calls / rate + 60) * 1_000);
  }

  /** Places calls, and tells what they cost the peer. */
  async measured(rate: number, calls: number): Promise<Measured> {
    return await measured(this.#peer, calls, () => this.run(rate, calls));
  }

  async end(): Promise<void> {
    await this.#callee.program.kill();
  }
}

async function measured(peer: Peer, calls: number, run: () => Promise<SippCounts>): Promise<Measured> {
  const before = cpuMicroseconds(peer.pids);
  const counts = await run();
  const spent = cpuMicroseconds(peer.pids) - before;
  return {
    microseconds: spent / Math.max(1, counts.successful),
    done: counts.successful,
    failed: calls - counts.successful,
    retransmissions: counts.retransmissions,
  };
}
