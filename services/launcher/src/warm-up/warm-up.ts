import { setImmediate as turn } from "node:timers/promises";
import { loadConfig } from "@sipmesh/config";
import { directory } from "@sipmesh/directory";
import { edge } from "@sipmesh/edge";
import { location } from "@sipmesh/location";
import { routing } from "@sipmesh/routing";
import { type Module, realContext, startModules } from "@sipmesh/runtime";
import { silentTelemetry } from "@sipmesh/telemetry";
import { transaction } from "@sipmesh/transaction";
import { ADDRESS, type Delivery, Loopback } from "./loopback.ts";
import {
  CALLEE,
  CALLER,
  CLOSED,
  invite,
  numberOf,
  PASSWORD,
  register,
  registerClosed,
  response,
  USERS,
  userOf,
  within,
} from "./phones.ts";

/** Calls that are under way together, so that neither the platform nor its timers see more load than on a busy day. */
const TOGETHER = USERS;
/** Milliseconds that it may take, whatever is left to do. */
const BOUND = 3000;
/**
 * The share of a processor below which it ends: where many start at once, as in a rollout on a small machine, it would take
 * the time of those who carry calls. And the milliseconds after which the share is looked at.
 */
const LEAST_SHARE = 0.6;
const LOOK_AFTER = 50;

const MODULES = [directory, location, routing, transaction, edge] as readonly Module[];

/** Whether a module is one of those that a warm-up tries. */
export function isTried({ name }: Pick<Module, "name">): boolean {
  return MODULES.some((module) => module.name === name);
}

/**
 * Has a platform of its own carry some calls before the first real one comes: V8 compiles what has run often, and until
 * then it costs a multiple. A process that is thrown into full load cold falls behind in its first second, and the
 * retransmissions keep it there: at 4000 calls/s from the first moment, on two busy processors, 1113 of 20,000 calls
 * failed cold and 480 after 500 calls of warm-up, which take a third of a second.
 *
 * The platform is the real modules on a network in memory, with keys, store and clock of its own; nothing of it stays.
 *
 * @param isCrowded others need the processor: it ends early
 * @returns how many calls were carried, each from a REGISTER without and one with a password to the 200 to its BYE
 */
export async function warmUp(calls: number, isCrowded = crowd()): Promise<number> {
  const until = performance.now() + BOUND;
  const phones = new Loopback();
  const { network } = phones;
  const opened = await realContext({ name: "warm-up", node: "warm-up", telemetry: silentTelemetry(), network });
  try {
    const running = await startModules(MODULES, opened.context, configuration());
    try {
      while (!(opened.ready().ok && running.ready().ok)) {
        if (performance.now() > until) return 0;
        await turn();
      }
      let carried = 0;
      for (let begun = 0; begun < calls && performance.now() < until && !isCrowded(); begun += TOGETHER) {
        carried += await carry(phones, begun, Math.min(TOGETHER, calls - begun));
      }
      return carried;
    } finally {
      await running.stop();
    }
  } finally {
    await opened.stop();
  }
}

/** Whether this process, from now on, gets little of a processor while it has something to do. */
function crowd(): () => boolean {
  const [began, used] = [performance.now(), process.cpuUsage()];
  return () => {
    const [passed, { user, system }] = [performance.now() - began, process.cpuUsage(used)];
    return passed > LOOK_AFTER && (user + system) / 1000 < LEAST_SHARE * passed;
  };
}

function configuration() {
  const open = { authenticate: false, openToStrangers: true, anyUser: true };
  const subscribers = Array.from({ length: USERS }, (_, number) => ({ user: userOf(number), password: PASSWORD }));
  const presets = {
    edge: {
      listeners: [{ transport: "udp", address: ADDRESS, port: 5060 }],
      screening: { trusted: [ADDRESS] },
      // It makes the load itself, and is to see the end of it.
      overload: { delay: 0 },
    },
    directory: {
      domains: [
        { name: "warm-up.invalid", ownAddresses: true, ...open },
        { name: CLOSED, subscribers },
      ],
    },
    routing: { media: "never" },
  };
  return loadConfig(
    MODULES.map((module) => module.section),
    { environment: {}, presets },
  );
}

/** @returns how many calls ended as they should */
async function carry(phones: Loopback, first: number, count: number): Promise<number> {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  const say = async (texts: readonly string[], port: number): Promise<readonly Delivery[]> => {
    for (const text of texts) phones.send(text, port);
    await turn();
    return phones.take();
  };
  const those = (heard: readonly Delivery[], start: string) =>
    heard.filter(({ text }) => text.startsWith(start)).map(({ text }) => text);
  await say(numbers.map(register), CALLEE);
  const challenges = those(
    await say(
      numbers.map((number) => registerClosed(number)),
      CALLEE,
    ),
    "SIP/2.0 401 ",
  );
  const proved = those(
    await say(
      challenges.map((text) => registerClosed(numberOf(text), text)),
      CALLEE,
    ),
    "SIP/2.0 200 ",
  );
  const invites = those(await say(numbers.map(invite), CALLER), "INVITE ");
  await say(
    invites.map((text) => response(text, "180 Ringing")),
    CALLEE,
  );
  const answers = those(
    await say(
      invites.map((text) => response(text, "200 OK")),
      CALLEE,
    ),
    "SIP/2.0 200",
  );
  await say(
    answers.map((text) => within(text, "ACK")),
    CALLER,
  );
  const byes = those(
    await say(
      answers.map((text) => within(text, "BYE")),
      CALLER,
    ),
    "BYE ",
  );
  const ended = await say(
    byes.map((text) => response(text, "200 OK")),
    CALLEE,
  );
  return Math.min(proved.length, those(ended, "SIP/2.0 200").length);
}
