import { createHash } from "node:crypto";
import { LocationService } from "@sipmesh/proto/location";
import { RpcError } from "@sipmesh/rpc";
import {
  cancelAnswers,
  every2xx,
  finalResponses,
  ladder,
  noLateAnswers,
  relayedMedia,
  ringBound,
  type Sighting,
  tapSip,
  type Violation,
  type VirtualProcess,
  World,
} from "@sipmesh/testkit/simulation";
import { strike } from "./disaster.ts";
import { Phone } from "./phone.ts";
import { forgottenIn, mustSucceed, type Plan, survivable, weathers } from "./plan.ts";
import { DOMAIN, RING_TIME, startPlatform, type VirtualPlatform } from "./platform.ts";

/** 200·T1: by then nothing may be left of a transaction. */
const REST = 100_000;
/** Whatever happens, messages end within this time. */
const LONGEST = 1_200_000;
const PLATFORM = /^10\.0\./;

/** What a run showed. */
export interface Outcome {
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  /** The same for two runs that were the same, message by message. */
  readonly digest: string;
  readonly counts: {
    readonly messages: number;
    readonly lost: number;
    readonly established: number;
    readonly cancelled: number;
    readonly refused: number;
    readonly forked: number;
    readonly held: number;
    readonly bindings: number;
  };
  /** The messages of a call as a ladder; of all calls where none is named. */
  readonly ladder: (callId?: string) => string;
}

/** Runs the platform through a plan and checks what it did. */
export async function run(plan: Plan): Promise<Outcome> {
  const world = new World(plan.seed);
  const isPlatform = (address: string) => PLATFORM.test(address);
  const digest = createHash("sha256");
  world.internet.tap(({ at, what, from, to, bytes }) => {
    digest.update(`${at} ${what} ${from.address}:${from.port} ${to.address}:${to.port} `).update(bytes);
  });
  const sightings: Sighting[] = [];
  const gone = (address: string) =>
    plan.phones.some((phone) => phone.address === address && phone.diesAt !== undefined);
  // What began before a crash may be answered by two incarnations, or by none.
  const disturbed = plan.disaster?.what === "crash" && !survivable(plan);
  const checks = disturbed
    ? [noLateAnswers(isPlatform)]
    : [
        finalResponses(isPlatform, forgottenIn(plan)),
        every2xx(isPlatform, gone, survivable(plan)),
        noLateAnswers(isPlatform),
        ringBound(isPlatform, 1000 * RING_TIME, gone, survivable(plan)),
        cancelAnswers(isPlatform, gone),
      ];
  if (plan.platform.media === "always" && !disturbed) checks.push(relayedMedia(isPlatform));
  tapSip(world.internet, (sighting) => {
    sightings.push(sighting);
    for (const check of checks) check.see(sighting);
  });

  const platform = await startPlatform(world, plan.platform);
  world.internet.weather = weathers[plan.weatherName];
  const phones = new Map<string, Phone>();
  for (const phonePlan of plan.phones) {
    const edge = platform.edges[phones.size % platform.edges.length];
    if (edge === undefined) throw new Error("a platform without an edge");
    phones.set(phonePlan.name, await world.expect(`start of ${phonePlan.name}`, Phone.start(world, phonePlan, edge)));
  }
  const start = world.clock.elapsed;
  const at = (time: number, act: () => void) => void world.clock.after(start + time - world.clock.elapsed, act);
  for (const phone of phones.values()) phone.live(at);
  for (const call of plan.calls) at(call.at, () => phones.get(call.from)?.place(call));
  for (const message of plan.messages) at(message.at, () => phones.get(message.from)?.send(message));
  if (plan.disaster !== undefined) strike(plan.disaster, { world, platform, options: plan.platform, at });

  await world.pass(100_000);
  for (const phone of phones.values()) phone.hangUpAll();
  const quiet = () => world.clock.elapsed - (sightings.at(-1)?.at ?? 0) >= REST;
  const end = world.clock.elapsed + LONGEST;
  while (!quiet() && world.clock.elapsed < end) await world.pass(1000);

  const violations: Violation[] = [
    ...checks.flatMap((check) => check.verdict(world.clock.elapsed)),
    ...world.errors.map((error) => ({ rule: "nothing is thrown", what: stackOf(error) })),
    ...(quiet() ? [] : [{ rule: "messages end", what: `still after ${LONGEST} ms` }]),
    ...leftovers(platform, plan),
    ...(await lostBindings(world, platform, [...phones.values()])),
    ...unsuccessful(plan, [...phones.values()]),
  ];
  const placed = [...phones.values()].flatMap((phone) => phone.placed);
  const names = new Map(plan.phones.map(({ address, name }) => [address, name]));
  const outcome: Outcome = {
    plan,
    violations,
    digest: digest.digest("hex"),
    counts: {
      messages: sightings.filter(({ what }) => what === "sent").length,
      lost: sightings.filter(({ what }) => what === "lost").length,
      established: placed.filter(({ established }) => established).length,
      cancelled: placed.filter(({ call }) => call?.end?.status === 487).length,
      refused: placed.filter(({ call }) => call?.end?.by === "remote" && (call.end.status ?? 0) >= 400).length,
      forked: placed.filter(({ plan: { to } }) => plan.phones.filter(({ user }) => user === to).length > 1).length,
      held: placed.filter(({ held }) => held).length,
      bindings: [...phones.values()].filter(({ confirmed }) => confirmed).length,
    },
    ladder: (callId) =>
      ladder(callId === undefined ? sightings : sightings.filter(({ message }) => message.callId === callId), names),
  };
  for (const phone of phones.values()) await phone.close();
  for (const process of platform.processes) await process.crash();
  return outcome;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** No transaction is left, no exception was swallowed, and no media session outlives its call. */
function leftovers(platform: VirtualPlatform, plan: Plan): Violation[] {
  const violations: Violation[] = [];
  for (const process of platform.with("transaction")) {
    const { transactions } = process.state("transaction") as { transactions: { server: number; client: number } };
    if (transactions.server + transactions.client > 0) {
      violations.push({
        rule: "no transaction is left at rest",
        what: `${process.instance}: ${JSON.stringify(transactions)}`,
      });
    }
    const exceptions = process.telemetry.metrics.value("sipmesh_transaction_exceptions_total");
    if (exceptions > 0)
      violations.push({ rule: "nothing is thrown", what: `${exceptions} exceptions in ${process.instance}` });
  }
  // A BYE that never arrives leaves its media to the time-out.
  if (plan.weatherName !== "fair" || plan.disaster !== undefined) return violations;
  if (plan.phones.some(({ diesAt }) => diesAt !== undefined)) return violations;
  for (const process of platform.with("media")) {
    const { sessions } = process.state("media") as { sessions: number };
    if (sessions > 0)
      violations.push({ rule: "media ends with the call", what: `${sessions} sessions in ${process.instance}` });
  }
  return violations;
}

/** Every binding that a phone was told of and has not removed is found. */
async function lostBindings(world: World, platform: VirtualPlatform, phones: readonly Phone[]): Promise<Violation[]> {
  const asked = platform.with("location")[0] as VirtualProcess;
  const client = asked.context.rpc.client("location", LocationService);
  const violations: Violation[] = [];
  for (const phone of phones) {
    if (!phone.confirmed) continue;
    const lookup = client.lookup({ addressOfRecord: `${phone.plan.user}@${DOMAIN}` }, { deadline: 5000 });
    try {
      const { bindings } = await world.expect(`look-up of ${phone.plan.user}`, lookup);
      if (!bindings.some(({ uri }) => uri.includes(phone.plan.address))) {
        violations.push({ rule: "no confirmed binding is lost", what: phone.plan.name });
      }
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      violations.push({ rule: "no confirmed binding is lost", what: `${phone.plan.name}: ${error.message}` });
    }
  }
  return violations;
}

/** Calls that nothing stood in the way of, and that were not established all the same. */
function unsuccessful(plan: Plan, phones: readonly Phone[]): Violation[] {
  return phones.flatMap(({ placed }) =>
    placed.flatMap(({ plan: callPlan, call, established }) => {
      if (established || !mustSucceed(plan, callPlan)) return [];
      const callId = call?.callId;
      const what = `${callPlan.from} to ${callPlan.to}: ${JSON.stringify(call?.end)}`;
      return [{ rule: "an undisturbed call is established", what, ...(callId === undefined ? {} : { callId }) }];
    }),
  );
}
