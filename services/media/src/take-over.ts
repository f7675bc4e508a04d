import type { Clock } from "@sipmesh/environment";
import { type Bucket, type Entry, StoreAway } from "@sipmesh/store";
import type { Counter, Telemetry } from "@sipmesh/telemetry";
import { type Bounds, endingOf } from "./expiry.ts";
import { decodeSession, type KeptSession } from "./kept-session.ts";
import type { Sessions } from "./sessions.ts";
import { metrics } from "./telemetry.ts";

/** Milliseconds until a store that was away is asked again. */
const AGAIN_AFTER = 500;
/** Milliseconds that a session's ports may be somebody else's: of who had them before and is still about to end. */
const PORTS_WITHIN = 5000;
/** Sessions that are opened before the event loop may do something else. */
const AT_ONCE = 256;

export interface TakeOverOptions {
  readonly bucket: Bucket;
  /** Begins the keys of the sessions. */
  readonly keys: string;
  readonly sessions: Sessions;
  readonly bounds: Bounds;
  /** When somebody last relayed them, as far as is known: milliseconds since the epoch. */
  readonly alive: number | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Takes up the sessions that whoever had this relay's name before has left. Resolves once all of them are known: their
 * ports are theirs from then on, and are opened in the background. Waits for as long as the store is away.
 */
export async function takeOver(options: TakeOverOptions): Promise<void> {
  const { bucket, keys, sessions, clock, telemetry } = options;
  const began = clock.now();
  const taken = telemetry.metrics.counter(metrics.takenOver);
  const turns: Promise<unknown>[] = [];
  const opening: Promise<void>[] = [];
  for (const entry of await kept(options)) {
    const session = decoded(entry, options);
    if (typeof session === "string") {
      taken.with({ outcome: session }).add();
      bucket.remove(entry.key, entry.revision).catch(() => {});
      continue;
    }
    const turn = Math.floor(opening.length / AT_ONCE);
    turns[turn] ??= turn === 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(turn, () => resolve(0)));
    opening.push(opened(sessions.takeUp(session, turns[turn], PORTS_WITHIN), session, taken, telemetry));
  }
  if (opening.length === 0) return;
  void Promise.all(opening).then(() => {
    const milliseconds = clock.now() - began;
    telemetry.log.info({ sessions: opening.length, milliseconds, keys }, "the sessions of who was here before go on");
  });
}

async function opened(work: Promise<void>, { name }: KeptSession, taken: Counter, { log }: Telemetry): Promise<void> {
  try {
    await work;
    taken.with({ outcome: "ok" }).add();
  } catch (error) {
    taken.with({ outcome: "no-port" }).add();
    log.warn({ err: error, callId: name.callId }, "the media of a call could not go on");
  }
}

/** The session, or why it is none that goes on. */
function decoded(
  entry: Entry,
  { bounds, alive, clock, telemetry }: TakeOverOptions,
): KeptSession | "unreadable" | "over" {
  try {
    const session = decodeSession(entry.value);
    const { state, began, signalled } = session;
    const activity = { began, signalled, rate: 0, packet: alive ?? clock.now() };
    return endingOf(state, activity, bounds, clock.now()) === undefined ? session : "over";
  } catch (error) {
    telemetry.log.warn({ err: error, key: entry.key }, "a kept session cannot be read");
    return "unreadable";
  }
}

async function kept({ bucket, keys, clock, telemetry }: TakeOverOptions): Promise<Entry[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      const entries: Entry[] = [];
      for await (const entry of bucket.entries(keys)) entries.push(entry);
      return entries;
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error;
      if (attempt % 10 === 0) telemetry.log.warn({ err: error }, "the store does not answer yet; trying on");
      await new Promise<void>((resolve) => void clock.after(AGAIN_AFTER, resolve));
    }
  }
}
