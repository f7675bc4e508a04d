import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sipp, type SippCounts, type SippOptions, type SippStep } from "@sipmesh/drivers";
import { commandFor, OUTSIDE } from "./surroundings.ts";
import { until } from "./until.ts";

/** Registered addresses of record of each kind of call, called in turn. */
const USERS = 40;
/** Milliseconds after which a phone gives up what it waits for: more than any transaction takes. */
const PATIENCE = 40_000;

/** Calls of one kind that may be under way at once: far more than there will be. */
const AT_ONCE = 5_000;

/** What becomes of calls, by the scenarios of who calls and who is called. */
const KINDS = {
  /** Answered, and ended by BYE. */
  answered: { caller: "caller", callee: "callee" },
  /** Ended by CANCEL while it rings. */
  cancelled: { caller: "canceller", callee: "patient-callee" },
  /** Rings until the platform ends it. */
  unanswered: { caller: "waiter", callee: "patient-callee" },
} as const;

export type Kind = keyof typeof KINDS;

/** How calls of a kind are placed. */
export interface Flow {
  readonly kind: Kind;
  /** Calls per second. */
  readonly rate: number;
  /** Milliseconds for which it rings before it is answered or cancelled. */
  readonly rings?: number;
  /** Milliseconds for which an answered call lasts. */
  readonly talks?: number;
}

/** Calls of everyday, and some that are given up. */
const EVERYDAY: readonly Flow[] = [
  { kind: "answered", rate: 12 },
  { kind: "cancelled", rate: 2 },
];

export interface LoadOptions {
  /** The platform, `address:port`. */
  readonly remote: string;
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
  readonly sipp: Sipp;
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
  static async start({ remote, flows = EVERYDAY, registering = 2 }: LoadOptions): Promise<Load> {
    const folder = mkdtempSync(join(tmpdir(), "sipmesh-load-"));
    const phones: Phone[] = [];
    try {
      const started = flows.map((flow) => startCallee(folder, flow, remote));
      phones.push(...started.map(({ callee }) => callee));
      for (const { users, flow } of started) await registerAll(folder, flow, remote, users);
      const begun = () => (started.every(({ callee }) => callee.sipp.begun) ? true : undefined);
      await until(begun, 20_000, "SIPp answers calls");
      for (const { flow, users } of started) phones.push(startCaller(folder, flow, remote, users));
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
    const phases = { settingUp: 0, ringing: 0, talking: 0 };
    for (const { sipp } of this.#callers) {
      const steps = sipp.steps();
      const ended = finals(steps);
      // Who was answered without having heard it ring is not ringing either.
      const rung = Math.max(count(steps, "180"), ended);
      phases.settingUp += count(steps, "INVITE") - rung;
      phases.ringing += rung - ended;
      if (count(steps, "CANCEL") === 0) phases.talking += count(steps, "ACK") - count(steps, "BYE");
    }
    return phases;
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

  /** Waits until there are at least as many calls in each phase. */
  async populated(wanted: Phases): Promise<Phases> {
    return await until(
      () => {
        const now = this.phases;
        const enough =
          now.settingUp >= wanted.settingUp && now.ringing >= wanted.ringing && now.talking >= wanted.talking;
        return enough ? now : undefined;
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
    // Who is called must be there until who calls has ended.
    for (const asks of [true, false]) {
      const phones = this.#phones.filter(({ places }) => (places !== "nothing") === asks);
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

  async #outcome({ name, places, sipp }: Phone): Promise<Outcome> {
    const counts = await sipp.finish(this.#lastCalls);
    const steps = sipp.steps();
    const last = steps.findLast(({ message }) => message === "200");
    return {
      ...counts,
      name,
      places,
      lost: counts.created - counts.successful,
      unanswered: steps.reduce((sum, { timedOut }) => sum + timedOut, 0),
      unended:
        steps.some(({ message }) => message === "BYE") && places === "calls"
          ? count(steps, "BYE") - (last?.times ?? 0)
          : 0,
      errors: complaints(sipp.errors()),
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

function startCallee(folder: string, flow: Flow, remote: string): { flow: Flow; callee: Phone; users: string } {
  const name = `${flow.kind} callees`;
  const { callee } = KINDS[flow.kind];
  // -rsa: for its whole call SIPp would answer to where the INVITE came from, however dead that is; the platform's address is
  // what Via says. Once it has sent 180, SIPp takes an INVITE that comes again for an unexpected one.
  const extra = [
    "-rsa",
    remote,
    "-d",
    String(flow.rings ?? RINGS),
    ...(flow.kind === "answered" ? ["-pause_msg_ign"] : []),
  ];
  const sipp = startSipp(folder, callee, { scenario: scenario(callee), extra });
  return { flow, callee: { name, places: "nothing", sipp }, users: usersAt(folder, flow.kind, port) };
}

function startCaller(
  folder: string,
  { kind, rate, rings = RINGS, talks = TALKS }: Flow,
  remote: string,
  users: string,
): Phone {
  const { caller } = KINDS[kind];
  const pause = kind === "cancelled" ? rings : talks;
  const extra = ["-d", String(pause), "-recv_timeout", String(PATIENCE), "-l", String(AT_ONCE)];
  const sipp = startSipp(folder, caller, { scenario: scenario(caller), remote, rate, users, extra });
  return { name: `${kind} calls`, places: "calls", sipp };
}

function startRegistering(folder: string, remote: string, rate: number): Phone {
  const users = usersAt(folder, "registering", port);
  const extra = ["-recv_timeout", String(PATIENCE)];
  const sipp = startSipp(folder, "register", { scenario: register, remote, rate, users, extra });
  return { name: "registrations", places: "registrations", sipp };
}

/** Users whose phone is at that port. */
function usersAt(folder: string, name: string, at: number): string {
  const file = join(folder, `${name}-${at}.csv`);
  const lines = Array.from({ length: USERS }, (_, n) => `${name}-${at}-${n};${at}`);
  writeFileSync(file, `SEQUENTIAL\n${lines.join("\n")}\n`);
  return file;
}

/** Again where not all could be: what was killed before may be back and not yet be connected to everybody. */
async function registerAll(folder: string, { kind }: Flow, remote: string, users: string): Promise<void> {
  await until(
    async () => {
      const sipp = startSipp(folder, `register-${kind}`, { scenario: register, remote, users, rate: 40, calls: USERS });
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

/** What SIPp writes down, but what is to be expected: what comes once more for a call that has ended, and waits that end. */
function complaints(errors: string): string {
  const entries = errors.split(/(?=\d{4}-\d\d-\d\d\t)/).slice(1);
  return entries
    .filter((entry) => !/: Dead call |, jumping to label|watchdog timer/.test(entry))
    .slice(0, 5)
    .join("\n")
    .trim();
}
