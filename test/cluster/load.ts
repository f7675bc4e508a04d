import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sipp, type SippCounts, type SippOptions, type SippStep } from "@sipmesh/drivers";
import { commandFor, OUTSIDE } from "./surroundings.ts";
import { until } from "./until.ts";

/** Registered addresses of record of each kind of call, called in turn. */
const USERS = 40;
/** The same over TCP, each of which registers anew after as many seconds, over the connection by which all are called. */
const USERS_OVER_TCP = 2;
/** Milliseconds after which a phone gives up what it waits for: more than any transaction takes. */
const PATIENCE = 40_000;

/** Calls of one kind that may be under way at once: far more than there will be. */
const AT_ONCE = 5_000;
/** Connections at once where each call has one: fewer than an edge takes from one address. */
const CONNECTIONS = 900;

/** What becomes of calls, by the scenarios of who calls and who is called. */
const KINDS = {
  /** Answered, and ended by BYE. */
  answered: { caller: "caller", callee: "callee", calleeOverTcp: "callee-over-tcp" },
  /** Ended by CANCEL while it rings. */
  cancelled: { caller: "canceller", callee: "patient-callee", calleeOverTcp: "patient-callee" },
  /** Rings until the platform ends it. */
  unanswered: { caller: "waiter", callee: "patient-callee", calleeOverTcp: "patient-callee" },
} as const;

export type Kind = keyof typeof KINDS;

/** How calls of a kind are placed. */
export interface Flow {
  readonly kind: Kind;
  /** Calls per second. */
  readonly rate: number;
  /**
   * As SIPp names it. Absent: UDP. `t1`: one TCP connection for all who call, `tn`: one for each call. Over TCP one connection
   * leads to all who are called, by which they have registered.
   */
  readonly transport?: "t1" | "tn";
  /** Milliseconds for which it rings before it is answered or cancelled. */
  readonly rings?: number;
  /** Milliseconds for which an answered call lasts. */
  readonly talks?: number;
}

/** Calls of everyday, and some that are given up: most over UDP, and over TCP enough that some are in each phase at any time. */
const EVERYDAY: readonly Flow[] = [
  { kind: "answered", rate: 9 },
  { kind: "answered", rate: 3, transport: "t1" },
  { kind: "cancelled", rate: 1 },
  { kind: "cancelled", rate: 1, transport: "t1" },
];

/** The same over UDP alone: an edge that goes at once takes its connections with it. */
export const OVER_UDP: readonly Flow[] = [
  { kind: "answered", rate: 12 },
  { kind: "cancelled", rate: 2 },
];

export interface LoadOptions {
  /** The platform, `address:port`. */
  readonly remote: string;
  /** The same for TCP; absent: `remote`. */
  readonly remoteOverTcp?: string;
  readonly flows?: readonly Flow[];
  /** REGISTER requests per second, beside the calls. */
  readonly registering?: number;
}

/** Calls at this moment, as the callers see them. */
export interface Phases {
  /** Asked for and not ringing yet. */
  readonly settingUp: number;
  readonly ringing: number;
  readonly talking: number;
}

/** What one kind of phone came to. */
export interface Outcome extends SippCounts {
  readonly name: string;
  readonly places: "calls" | "registrations" | "nothing";
  /** Begun and not ended well: refused, broken off, or left without an answer. */
  readonly lost: number;
  /** Of those, left without an answer. */
  readonly unanswered: number;
  /** Calls that were to end by BYE, and whose BYE was not answered with 200. */
  readonly unended: number;
  /** What SIPp says of the first of them. */
  readonly errors: string;
}

interface Phone {
  readonly name: string;
  readonly places: Outcome["places"];
  /** Whether it is called: then it must be there until who calls has ended. */
  readonly isCalled: boolean;
  readonly sipp: Sipp;
}

/** Who is called by a flow. */
interface Called {
  readonly flow: Flow;
  readonly remote: string;
  /** The file of their names, for SIPp. */
  readonly users: string;
  readonly phone: Phone;
}

/** Each program of a load, and of the next, has a port of its own: what comes late finds nobody. */
let port = 16_000 + (process.pid % 150) * 100;

const scenario = (name: string) => new URL(`scenarios/${name}.xml`, import.meta.url).pathname;
const register = new URL("../scenarios/register.xml", import.meta.url).pathname;

/** Phones outside that call and register at a steady rate, and what SIPp counted of them. */
export class Load {
  readonly #phones: readonly Phone[];
  /** Milliseconds in which the last calls end: the longest wait, and a call's own length. */
  readonly #lastCalls: number;
  readonly #folder: string;

  private constructor(folder: string, phones: readonly Phone[], lastCalls: number) {
    this.#folder = folder;
    this.#phones = phones;
    this.#lastCalls = lastCalls;
  }

  /** Registers who will be called, and lets the calls begin. */
  static async start(options: LoadOptions): Promise<Load> {
    const { remote, remoteOverTcp = remote, flows = EVERYDAY, registering = 2 } = options;
    const folder = mkdtempSync(join(tmpdir(), "sipmesh-load-"));
    const phones: Phone[] = [];
    try {
      const begins = async (flow: Flow) =>
        isOverTcp(flow) ? await connectCallee(folder, flow, remoteOverTcp) : startCallee(folder, flow, remote);
      const all = await Promise.allSettled(flows.map(begins));
      const called = all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      phones.push(...called.map(({ phone }) => phone));
      for (const one of all) if (one.status === "rejected") throw one.reason;
      for (const one of called) if (!isOverTcp(one.flow)) await registerAll(folder, one);
      const begun = () => (called.every(({ phone }) => phone.sipp.begun) ? true : undefined);
      await until(begun, 20_000, "SIPp answers calls");
      for (const one of called) phones.push(startCaller(folder, one));
      if (registering > 0) phones.push(startRegistering(folder, remote, registering));
    } catch (error) {
      await Promise.all(phones.map(({ sipp }) => sipp.program.kill()));
      throw error;
    }
    const longest = Math.max(...flows.map(({ rings = RINGS, talks = TALKS }) => rings + talks));
    return new Load(folder, phones, PATIENCE + longest + 5_000);
  }

  /** Of the calls that are to be answered or cancelled. */
  get phases(): Phases {
    return sumOf(this.#callers.map(({ sipp }) => phasesOf(sipp.steps())));
  }

  /** Whether the call with this Call-ID is one of its own: SIPp puts its process id into it. */
  placed(callId: string): boolean {
    return this.#callers.some(({ sipp }) => callId.includes(`-${sipp.program.pid}@`));
  }

  /** Calls that have begun so far. */
  get begun(): number {
    return this.#callers.reduce((sum, { sipp }) => sum + count(sipp.steps(), "INVITE"), 0);
  }

  /** Calls that SIPp has given up so far. */
  get failed(): number {
    return this.#callers.reduce((sum, { sipp }) => sum + (sipp.counts().failed || 0), 0);
  }

  /** Waits until there are at least as many calls in each phase, of each kind and transport some that ring or talk. */
  async populated(wanted: Phases): Promise<Phases> {
    return await until(
      () => {
        const all = this.#callers.map(({ sipp }) => sipp.steps());
        const each = all.map(phasesOf);
        const now = sumOf(each);
        const enough =
          now.settingUp >= wanted.settingUp && now.ringing >= wanted.ringing && now.talking >= wanted.talking;
        const ringing = wanted.ringing === 0 || each.every((phases) => phases.ringing > 0);
        const talking = wanted.talking === 0 || each.every((phases, at) => !talks(all[at] ?? []) || phases.talking > 0);
        return enough && ringing && talking ? now : undefined;
      },
      60_000,
      `calls in each phase, ${JSON.stringify(wanted)}`,
    );
  }

  /** Waits until this many more calls have begun, whatever becomes of them. */
  async begins(calls: number): Promise<void> {
    const before = this.begun;
    await until(() => (this.begun >= before + calls ? true : undefined), 60_000, `${calls} more calls begin`);
  }

  /** Waits until this many more calls have begun and as many more have got the final response that they waited for. */
  async goesOn(calls: number): Promise<void> {
    const concluded = () => this.#callers.reduce((sum, { sipp }) => sum + finals(sipp.steps()), 0);
    const [before, ended] = [this.begun, concluded()];
    const further = () => (this.begun >= before + calls && concluded() >= ended + calls ? true : undefined);
    await until(further, 60_000, `${calls} more calls are answered`);
  }

  /** Lets no new call begin, waits for the last to end, and gives the counts. */
  async finish(): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const called of [false, true]) {
      const phones = this.#phones.filter(({ isCalled }) => isCalled === called);
      outcomes.push(...(await Promise.all(phones.map((phone) => this.#outcome(phone)))));
    }
    return outcomes;
  }

  /** Ends everything at once, and takes away what SIPp wrote. */
  async stop(): Promise<void> {
    await Promise.all(this.#phones.map(({ sipp }) => sipp.program.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #callers(): readonly Phone[] {
    return this.#phones.filter(({ places }) => places === "calls");
  }

  async #outcome({ name, places, isCalled, sipp }: Phone): Promise<Outcome> {
    const counts = await sipp.finish(this.#lastCalls);
    const steps = sipp.steps();
    const last = steps.findLast(({ message }) => message === "200");
    return {
      ...counts,
      name,
      places,
      lost: counts.created - counts.successful,
      unanswered: steps.reduce((sum, { timedOut }) => sum + timedOut, 0),
      unended: talks(steps) && places === "calls" ? count(steps, "BYE") - (last?.times ?? 0) : 0,
      errors: complaints(sipp.errors(), isCalled),
    };
  }
}

const RINGS = 3_000;
const TALKS = 4_000;

function startSipp(folder: string, name: string, options: Omit<SippOptions, "folder" | "name" | "port">): Sipp {
  const own = join(folder, `${name}-${port}`);
  mkdirSync(own);
  port += 2;
  return new Sipp({ ...options, folder: own, name, port, within: commandFor("outside"), address: OUTSIDE });
}

function startCallee(folder: string, flow: Flow, remote: string): Called {
  const { callee } = KINDS[flow.kind];
  // -rsa: for its whole call SIPp would answer to where the INVITE came from, however dead that is; the platform's address is
  // what Via says.
  const extra = ["-rsa", remote, ...ringing(flow)];
  const sipp = startSipp(folder, callee, { scenario: scenario(callee), extra });
  const phone: Phone = { name: `${flow.kind} callees`, places: "nothing", isCalled: true, sipp };
  return { flow, remote, phone, users: usersAt(folder, flow.kind, port, USERS) };
}

/**
 * Who is called over TCP: all register over one connection, again and again, and SIPp counts that. The calls that come over it
 * it does not count; the callers do. Anew where the connection was refused, or a registration was: as in `registerAll`.
 */
async function connectCallee(folder: string, flow: Flow, remote: string): Promise<Called> {
  const { calleeOverTcp } = KINDS[flow.kind];
  const extra = ["-oocsf", scenario(calleeOverTcp), "-recv_timeout", String(PATIENCE), ...ringing(flow)];
  const users = usersAt(folder, `${flow.kind}-tcp`, port + 2, USERS_OVER_TCP);
  const connect = () =>
    startSipp(folder, "registered", {
      scenario: scenario("registered"),
      remote,
      transport: "t1",
      rate: 1,
      users,
      extra,
    });
  let sipp = connect();
  const registered = async () => {
    const { failed, successful } = sipp.counts();
    if (!sipp.program.running || failed > 0) {
      await sipp.program.kill();
      sipp = connect();
    }
    return successful >= USERS_OVER_TCP && failed === 0 ? true : undefined;
  };
  try {
    await until(registered, 60_000, `${USERS_OVER_TCP} phones register over TCP`);
  } catch (error) {
    await sipp.program.kill();
    throw error;
  }
  const phone: Phone = { name: `${flow.kind} callees over TCP`, places: "registrations", isCalled: true, sipp };
  return { flow, remote, phone, users };
}

/** Once it has sent 180, SIPp takes an INVITE that comes again for an unexpected one. */
function ringing({ kind, rings = RINGS }: Flow): readonly string[] {
  return ["-d", String(rings), ...(kind === "answered" ? ["-pause_msg_ign"] : [])];
}

function startCaller(folder: string, { flow, remote, users }: Called): Phone {
  const { kind, rate, rings = RINGS, talks = TALKS, transport } = flow;
  const { caller } = KINDS[kind];
  const pause = kind === "cancelled" ? rings : talks;
  const extra = ["-d", String(pause), "-recv_timeout", String(PATIENCE), "-l", String(AT_ONCE)];
  // Over TCP SIPp takes a 180 that comes again while it waits for an unexpected one.
  if (isOverTcp(flow)) extra.push("-pause_msg_ign", "-max_socket", String(CONNECTIONS));
  const options = { scenario: scenario(caller), remote, rate, users, extra, ...(transport && { transport }) };
  const name = `${kind} calls${isOverTcp(flow) ? " over TCP" : ""}`;
  return { name, places: "calls", isCalled: false, sipp: startSipp(folder, caller, options) };
}

function isOverTcp({ transport }: Flow): boolean {
  return transport !== undefined;
}

function startRegistering(folder: string, remote: string, rate: number): Phone {
  const users = usersAt(folder, "registering", port, USERS);
  const extra = ["-recv_timeout", String(PATIENCE)];
  const sipp = startSipp(folder, "register", { scenario: register, remote, rate, users, extra });
  return { name: "registrations", places: "registrations", isCalled: false, sipp };
}

/** Users whose phone is at that port. */
function usersAt(folder: string, name: string, at: number, many: number): string {
  const file = join(folder, `${name}-${at}.csv`);
  const lines = Array.from({ length: many }, (_, n) => `${name}-${at}-${n};${at}`);
  writeFileSync(file, `SEQUENTIAL\n${lines.join("\n")}\n`);
  return file;
}

/** Again where not all could be: what was killed before may be back and not yet be connected to everybody. */
async function registerAll(folder: string, { flow, remote, users }: Called): Promise<void> {
  await until(
    async () => {
      const sipp = startSipp(folder, `register-${flow.kind}`, {
        scenario: register,
        remote,
        users,
        rate: 40,
        calls: USERS,
      });
      const { successful } = await sipp.done(PATIENCE);
      return successful === USERS ? true : undefined;
    },
    60_000,
    `${USERS} phones register`,
  );
}

/** Of the first step with that message: later ones of the same name belong to something else. */
function count(steps: readonly SippStep[], message: string): number {
  return steps.find((step) => step.message === message)?.times ?? 0;
}

/** Final responses that ended the ringing: 200, or 480 where it was to ring until the platform ends it. */
function finals(steps: readonly SippStep[]): number {
  return Math.max(count(steps, "200"), count(steps, "480"));
}

/** Calls at this moment, as the steps of who calls tell. */
function phasesOf(steps: readonly SippStep[]): Phases {
  const ended = finals(steps);
  // Who was answered without having heard it ring is not ringing either.
  const rung = Math.max(count(steps, "180"), ended);
  return {
    // Over TCP a 180 that comes again, as it does from who goes on with a call, is counted again.
    settingUp: Math.max(0, count(steps, "INVITE") - rung),
    ringing: rung - ended,
    talking: talks(steps) ? count(steps, "ACK") - count(steps, "BYE") : 0,
  };
}

function sumOf(all: readonly Phases[]): Phases {
  const sum = (of: (phases: Phases) => number) => all.reduce((total, phases) => total + of(phases), 0);
  return {
    settingUp: sum((one) => one.settingUp),
    ringing: sum((one) => one.ringing),
    talking: sum((one) => one.talking),
  };
}

/** Whether these are the steps of calls that end by BYE. */
function talks(steps: readonly SippStep[]): boolean {
  return steps.some(({ message }) => message === "BYE");
}

/**
 * What SIPp writes down, but what is to be expected: what comes once more for a call that has ended, and waits that end; of who
 * is called, that calls came over its connection, and that it ended before it had waited for what might come again.
 */
function complaints(errors: string, isCalled: boolean): string {
  const entries = errors.split(/(?=\d{4}-\d\d-\d\d\t)/).slice(1);
  return entries
    .filter((entry) => !/: Dead call |, jumping to label|watchdog timer/.test(entry))
    .filter((entry) => !isCalled || !/using the out-of-call scenario|: Aborted call with Call-ID/.test(entry))
    .slice(0, 5)
    .join("\n")
    .trim();
}
