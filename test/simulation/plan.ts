import { fair, rough, SeededRandom, stormy, type Weather } from "@sipmesh/testkit/simulation";
import { type PlatformOptions, RING_TIME } from "./platform.ts";

/** What a phone does when it is called. Times in milliseconds. */
export interface Habit {
  readonly ringsAfter: number;
  readonly then: "answer" | "refuse" | "ignore";
  /** From the start of ringing. */
  readonly after: number;
  /** With what it refuses. */
  readonly status: number;
  /** How long it talks before it hangs up; absent: it waits for the other side. */
  readonly talks?: number;
}

export interface PhonePlan {
  readonly name: string;
  readonly user: string;
  readonly address: string;
  readonly transport: "udp" | "tcp";
  readonly registersAt: number;
  readonly habit: Habit;
  /** When it removes its registration. */
  readonly leavesAt?: number;
  /** When its battery is empty: it is registered and silent from then on. */
  readonly diesAt?: number;
}

export interface CallPlan {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly offerless: boolean;
  /** The caller loses patience before an answer, that long after the start. */
  readonly cancelsAfter?: number;
  /** How long the caller talks. */
  readonly talks: number;
  /** When during the talk the caller holds the call, and takes it up again a while later. */
  readonly holdsAfter?: number;
}

/** A request outside of a dialog that is no INVITE. */
export interface MessagePlan {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly method: "MESSAGE" | "OPTIONS";
}

export type Disaster =
  | { readonly what: "store-away"; readonly at: number; readonly lasts: number }
  | {
      readonly what: "crash" | "leave" | "join" | "cut-off" | "sleep";
      readonly target: string;
      readonly at: number;
      readonly lasts: number;
    }
  /** One of the broker's servers dies: who was connected to it is without it for that long. */
  | { readonly what: "broker-server-lost"; readonly at: number; readonly lasts: number }
  | Rollout;

/** Every process of a target is replaced, one after the other, on a machine that has little to spare. */
export interface Rollout {
  readonly what: "rollout";
  readonly target: "transaction";
  readonly at: number;
  /** Milliseconds from one replacement to the next. */
  readonly lasts: number;
  readonly sleeps: readonly Sleep[];
  /** Milliseconds that the store takes at most meanwhile, each way. */
  readonly storeDelay: number;
  /** And the broker, from one process to another. */
  readonly brokerDelay: number;
}

/** A process gets no processor for a while. */
export interface Sleep {
  /** Of the owners that are there then, in the order in which they came. */
  readonly index: number;
  readonly at: number;
  readonly lasts: number;
}

/** Something happens to an owner of calls, and there are others: no call may be the worse for it. */
export function survivable({ disaster, platform }: Pick<Plan, "disaster" | "platform">): boolean {
  if (disaster === undefined || platform.shape !== "split") return false;
  return disaster.what === "broker-server-lost" || ("target" in disaster && disaster.target === "transaction");
}

/** All that a run is made of, drawn from its seed. */
export interface Plan {
  readonly seed: number;
  readonly platform: PlatformOptions;
  readonly weatherName: "fair" | "rough" | "stormy";
  readonly phones: readonly PhonePlan[];
  readonly calls: readonly CallPlan[];
  readonly messages: readonly MessagePlan[];
  readonly disaster?: Disaster;
}

export const weathers: Readonly<Record<Plan["weatherName"], Weather>> = { fair, rough, stormy };

const users = ["alice", "bob", "carol", "dave", "erin"];
/** When calls begin and end to be placed. */
const CALLS_FROM = 15_000;
const CALLS_UNTIL = 75_000;
/** Share of the rollouts in which callers are hasty. */
const HASTY = 0.3;

function habitOf(random: SeededRandom): Habit {
  const then = random.pick(["answer", "answer", "answer", "refuse", "ignore"] as const);
  return {
    ringsAfter: random.pick([0, 0, 50, 700, 3000]),
    then,
    after: random.pick([0, 1, 200, 2000, 9000]),
    status: random.pick([486, 480, 404, 603, 600, 500]),
    ...(random.chance(0.3) ? { talks: random.pick([0, 100, 5000, 15_000]) } : {}),
  };
}

/** What the platform may work out anew: who leaves hands over what it has, who dies has copies of INVITEs alone elsewhere. */
export function forgottenIn(plan: Plan): "nothing" | "unproved" | "requests" {
  if (!survivable(plan)) return "nothing";
  const { disaster } = plan;
  return disaster?.what === "leave" || disaster?.what === "join" ? "unproved" : "requests";
}

function disasterOf(
  kind: "none" | "store-away" | "crash" | "owner",
  target: string,
  when: { readonly at: number; readonly lasts: number },
  random: SeededRandom,
): Disaster | undefined {
  if (kind === "none") return undefined;
  if (kind === "store-away") return { what: kind, ...when };
  if (kind === "crash") return { what: kind, target, ...when };
  const what = random.pick([
    "crash",
    "leave",
    "join",
    "cut-off",
    "sleep",
    "rollout",
    "rollout",
    "broker-server-lost",
  ] as const);
  // Calls are under way from the fifteenth second on.
  const at = random.between(CALLS_FROM, CALLS_UNTIL);
  if (what === "broker-server-lost") return { what, at, lasts: random.pick([50, 400, 2000]) };
  if (what === "rollout") return rolloutOf(at, random);
  return { what, target: "transaction", at, lasts: when.lasts };
}

function rolloutOf(at: number, random: SeededRandom): Rollout {
  const lasts = random.pick([1000, 2500, 6000]);
  // One may sleep until it is taken for dead: who has a call and who has its copy may not both be gone.
  const sleeps = Array.from({ length: random.integer(6) }, (_, number) => ({
    index: random.integer(4),
    at: at + random.between(0, 3 * lasts + 3000),
    lasts: random.pick(number === 0 ? [500, 1500, 3500] : [100, 500, 1500]),
  }));
  return {
    what: "rollout",
    target: "transaction",
    at,
    lasts,
    sleeps,
    storeDelay: random.pick([3, 3, 100, 900]),
    brokerDelay: 3,
  };
}

/** Draws a plan. The same seed gives the same plan. */
export function planOf(seed: number): Plan {
  const random = new SeededRandom(`plan ${seed}`);
  const present = users.slice(0, 2 + random.integer(users.length - 1));
  const phones: PhonePlan[] = present.flatMap((user, index) =>
    Array.from(
      { length: random.pick([1, 1, 1, 2, 3]) },
      (_, number): PhonePlan => ({
        name: `${user}-${number + 1}`,
        user,
        address: `10.1.${index + 1}.${number + 1}`,
        transport: random.chance(0.2) ? "tcp" : "udp",
        registersAt: random.between(0, 5000),
        habit: habitOf(random),
        ...(random.chance(0.1) ? { leavesAt: random.between(10_000, 60_000) } : {}),
        ...(random.chance(0.1) ? { diesAt: random.between(10_000, 60_000) } : {}),
      }),
    ),
  );
  const kind = random.pick(["none", "none", "none", "store-away", "crash", "crash", "owner", "owner"] as const);
  const shape = kind === "owner" || random.chance(kind === "crash" ? 0.7 : 0.2) ? "split" : "all";
  const target = shape === "all" ? "edge" : random.pick(["transaction", "location", "routing", "edge", "media"]);
  const when = { at: random.between(6000, 45_000), lasts: random.pick([500, 3000, 12_000]) };
  const disaster = disasterOf(kind, target, when, random);
  // What happens to an owner matters to the calls that are under way just then.
  const struck = disaster !== undefined && kind === "owner" ? disaster.at : undefined;
  const at = () =>
    struck !== undefined && random.chance(0.6)
      ? Math.max(CALLS_FROM, struck + random.between(-4000, disaster?.what === "rollout" ? 12_000 : 4000))
      : random.between(CALLS_FROM, CALLS_UNTIL);
  const pair = () => {
    const from = random.pick(phones);
    const others = present.filter((user) => user !== from.user);
    return { from: from.name, to: random.chance(0.05) ? "nobody" : random.pick(others) };
  };
  const calls = Array.from(
    { length: 1 + random.integer(struck === undefined ? 6 : 16) },
    (): CallPlan => ({
      at: at(),
      ...pair(),
      offerless: random.chance(0.15),
      ...(random.chance(0.3) ? { cancelsAfter: random.pick([0, 10, 100, 400, 2000, 6000]) } : {}),
      talks: random.pick([0, 300, 4000, 12_000]),
      ...(random.chance(0.3) ? { holdsAfter: random.pick([10, 1500]) } : {}),
    }),
  );
  const messages = Array.from(
    { length: random.integer(4) },
    (): MessagePlan => ({
      at: at(),
      ...pair(),
      method: random.pick(["MESSAGE", "OPTIONS"] as const),
    }),
  );
  const plan: Plan = {
    seed,
    platform: { users: present, media: random.pick(["always", "never"] as const), shape },
    weatherName: random.pick(["fair", "rough", "rough", "stormy"] as const),
    phones,
    calls,
    messages,
    ...(disaster === undefined ? {} : { disaster }),
  };
  // Drawn last: what a seed has shown it shows again.
  return disaster?.what === "rollout" && random.chance(HASTY) ? hasty(plan, disaster, pair, random) : plan;
}

/** Callers give up while owners are replaced, and what these tell one another takes its time. */
function hasty(plan: Plan, rollout: Rollout, pair: () => Pick<CallPlan, "from" | "to">, random: SeededRandom): Plan {
  const givenUp = (): CallPlan => ({
    at: Math.max(CALLS_FROM, rollout.at + random.between(-2000, 3 * rollout.lasts + 3000)),
    ...pair(),
    offerless: false,
    cancelsAfter: random.pick([500, 1000, 2000]),
    talks: 0,
  });
  const calls = [...plan.calls, ...Array.from({ length: 30 }, givenUp)];
  return { ...plan, calls, disaster: { ...rollout, brokerDelay: 100 } };
}

/** Milliseconds after a disaster within which everything is as it was. */
const HEALED = 15_000;

/** Whether the call must be established: a phone is there that answers, none declines for all, and no disaster is near. */
export function mustSucceed(plan: Plan, call: CallPlan): boolean {
  const { disaster, weatherName } = plan;
  if (weatherName === "stormy" || call.cancelsAfter !== undefined) return false;
  const struck = disaster !== undefined && call.at < disaster.at + disaster.lasts + HEALED;
  if (struck && !survivable(plan)) return false;
  const called = plan.phones.filter(({ user }) => user === call.to);
  const unsteady = plan.phones.some(
    ({ user, name, diesAt, leavesAt }) =>
      (user === call.to || name === call.from) && (diesAt ?? leavesAt) !== undefined,
  );
  // A connection dies with its edge, and a phone registers over another one only when it is time to.
  const reached = called.filter(({ transport }) => transport === "udp" || disaster?.what !== "crash");
  const answers = reached.some(
    ({ habit }) => habit.then === "answer" && habit.ringsAfter + habit.after < 1000 * RING_TIME,
  );
  return !unsteady && answers && !called.some(({ habit }) => habit.then === "refuse" && habit.status >= 600);
}
