// `npm run demo`: two built-in phones talk to each other through the platform that runs on this machine, or another.
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { systemClock, systemRandom } from "@sipmesh/environment";
import { systemNetwork } from "@sipmesh/transport";
import { RegistrationFailed, UserAgent } from "@sipmesh/user-agent";
import { adminSection, processSection } from "../config.ts";
import { readConfiguration } from "../configuration.ts";
import { EXIT, failure } from "../exit-code.ts";
import { UsageError } from "../targets.ts";
import { DemoError, findPlatform } from "./find-platform.ts";
import { namedPlatform } from "./named-platform.ts";
import { demoFile } from "./subscribers.ts";
import { CLEAR, Telling } from "./telling.ts";

const HELP = `npm run demo [-- options]

Registers two built-in phones with the platform that runs on this machine, places a call with audio between them, hangs
up, and draws the ladder of its SIP messages, with times, the trace id, and the audio's loss and jitter. Ends with 0 where
both heard each other.

  --config FILE         the configuration that the platform was started with
  --server HOST[:PORT]  a platform elsewhere; the phones are the first two subscribers that the configuration names
  --transport udp|tcp   how they speak to it (default udp)
  --seconds N           how long they talk (default 3)
  --help                print this
`;
/** Milliseconds to wait for an answer to anything. */
const PATIENCE = 10_000;
const RINGING = 800;

try {
  await main();
} catch (error) {
  if (error instanceof DemoError || error instanceof RegistrationFailed) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT.unavailable);
  }
  const { code, text } = failure(error);
  process.stderr.write(text);
  process.exit(code);
}

async function main(): Promise<void> {
  const { config: file, server, transport, seconds, help } = options();
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  const config = readConfiguration(file);
  const platform =
    server === undefined
      ? await findPlatform(
          config.of(adminSection),
          demoFile(resolve(config.of(processSection).dataDirectory)),
          transport,
        )
      : await namedPlatform(server, config);
  const clock = systemClock((error) => process.stderr.write(`${error}\n`));
  const surroundings = { clock, random: systemRandom(), network: systemNetwork() };
  const telling = new Telling(platform.server, (text) => process.stdout.write(text));

  const [callerTone, calleeTone] = [440, 660];
  const [one, other] = platform.subscribers;
  const phone = ({ user, password }: typeof one, tone: number) =>
    UserAgent.start(
      {
        addressOfRecord: `sip:${user}@${platform.domain}`,
        secret: { username: user, password },
        server: platform.server,
        transport,
        tone,
      },
      surroundings,
    );
  const caller = await phone(one, callerTone);
  const callee = await phone(other, calleeTone);
  try {
    for (const [agent, { user }] of [
      [caller, one],
      [callee, other],
    ] as const) {
      await telling.step(`${user} registers`, within(agent.register(), `${user}'s registration`));
    }
    callee.onCall((call) => {
      call.ring();
      setTimeout(() => call.answer(), RINGING);
    });
    const call = await telling.step(`${one.user} calls ${other.user}`, caller.call(other.user));
    const answered = await within(call.established, "the answer");
    const received = callee.calls.find(({ callId }) => callId === call.callId) ?? callee.calls[0];
    if (!answered || received === undefined) throw new DemoError(`the call failed: ${call.end?.status ?? "no answer"}`);
    await telling.step(`they talk for ${seconds} s`, pause(seconds * 1000));
    const heard = { caller: call.hears(calleeTone), callee: received.hears(callerTone) };
    const traceId = await platform.traceId(call.callId, call.localTag);
    call.hangUp();
    await telling.step(`${one.user} hangs up`, within(received.ended, "the BYE"));
    // The 200 to the BYE is part of the story.
    await pause(200);
    telling.ladder(call.callId, [
      { participant: one.user, messages: caller.log },
      { participant: other.user, messages: callee.log },
    ]);
    telling.audio(one.user, call.report, heard.caller);
    telling.audio(other.user, received.report, heard.callee);
    telling.found(call.callId, traceId);
    for (const agent of [caller, callee]) await within(agent.unregister(), "the end of the registration");
    const deaf = [...(heard.caller > CLEAR ? [] : [one.user]), ...(heard.callee > CLEAR ? [] : [other.user])];
    if (deaf.length > 0) throw new DemoError(`the call was set up, and ${deaf.join(" and ")} did not hear the other`);
  } finally {
    await caller.close();
    await callee.close();
    clock.close();
  }
}

interface Options {
  readonly config: string | undefined;
  readonly server: string | undefined;
  readonly transport: "udp" | "tcp";
  readonly seconds: number;
  readonly help: boolean;
}

function options(): Options {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: "string" },
        server: { type: "string" },
        transport: { type: "string", default: "udp" },
        seconds: { type: "string", default: "3" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const seconds = Number(values.seconds);
    if (!(seconds >= 1 && seconds <= 3600)) throw new UsageError("--seconds is a number from 1 to 3600");
    const { config, server, transport, help } = values;
    if (transport !== "udp" && transport !== "tcp") throw new UsageError("--transport is udp or tcp");
    return { config, server, transport, seconds, help };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const stop = new AbortController();
  const late = pause(PATIENCE, undefined, { signal: stop.signal }).then(() => {
    throw new DemoError(`${what} did not come within ${PATIENCE / 1000} s; the platform's log says more`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}
