import { type Clock, hash, type Timer } from "@sipmesh/environment";
import type { StreamReport } from "@sipmesh/proto/media";
import type { Telemetry } from "@sipmesh/telemetry";
import { CallMedia, type CallSurroundings } from "./call-media.ts";
import type { MediaConfig } from "./config.ts";
import type { Counters } from "./counters.ts";
import { type Bounds, type Ending, endingOf } from "./expiry.ts";
import type { Keeper } from "./keeper.ts";
import { encodeSession, type KeptSession } from "./kept-session.ts";
import { MediaError } from "./media-error.ts";
import type { Ports } from "./ports.ts";
import { portsOf } from "./session.ts";
import { metrics } from "./telemetry.ts";

/** How often the bounds of sessions are looked at, in milliseconds. */
const SWEEP = 1000;

export type Cause = Ending | "deleted" | "refused" | "stopped" | "lost";

/** Which call: its Call-ID and the tag of who sent the INVITE. */
export interface CallName {
  readonly callId: string;
  readonly callerTag: string;
}

export interface SessionsOptions {
  readonly config: MediaConfig;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly ports: Ports;
  readonly counters: Counters;
  readonly keeper: Keeper;
  /** Begins the keys that sessions are kept under. */
  readonly keys: string;
}

interface Call {
  readonly name: CallName;
  readonly key: string;
  readonly media: CallMedia;
}

/** All calls whose media this process relays. Those that are dead end by themselves. */
export class Sessions {
  readonly #calls = new Map<string, Call>();
  readonly #config: MediaConfig;
  readonly #bounds: Bounds;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #around: CallSurroundings;
  readonly #keeper: Keeper;
  readonly #keys: string;
  readonly #emptied: (() => void)[] = [];
  #sweep: Timer;
  #closed = false;

  constructor({ config, clock, telemetry, ports, counters, keeper, keys }: SessionsOptions) {
    this.#config = config;
    this.#bounds = boundsOf(config);
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#keeper = keeper;
    this.#keys = keys;
    this.#around = {
      ports,
      now: () => clock.now(),
      maximumLegs: config.legs,
      anybody: config.learn === "anybody",
      streamEnded: ({ lost }) => counters.lost.add(lost > 0n ? Number(lost) : 0),
    };
    telemetry.metrics.gauge(metrics.sessions, () => this.#calls.size);
    telemetry.metrics.gauge(metrics.ports, () => ports.inUse);
    this.#sweep = clock.after(SWEEP, this.#expire);
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Share of the calls and ports that there may be: 0 to 1. */
  get load(): number {
    if (this.#closed) return 1;
    return Math.max(this.#calls.size / this.#config.sessions, this.#around.ports.load);
  }

  *all(): Iterable<{ readonly name: CallName; readonly media: CallMedia }> {
    yield* this.#calls.values();
  }

  find(name: CallName): CallMedia | undefined {
    const known = this.#calls.get(keyOf(name))?.media;
    return known?.over ? undefined : known;
  }

  /** @throws MediaError `media-too-many-sessions`, `media-stopping` */
  findOrBegin(name: CallName): CallMedia {
    const known = this.find(name);
    if (known !== undefined) return known;
    if (this.#closed) throw new MediaError("media-stopping", "the relay is about to stop");
    if (this.#calls.size >= this.#config.sessions) {
      throw new MediaError("media-too-many-sessions", `${this.#config.sessions} calls are relayed already`);
    }
    return this.#begin(name).media;
  }

  /**
   * Goes on with what another process began.
   *
   * @param turn when it may begin; its ports are kept for it from now on, and its verbs wait
   * @param within milliseconds that the ports may take
   * @throws MediaError where the ports are not to be had: then it is forgotten
   */
  async takeUp(kept: KeptSession, turn: Promise<unknown>, within: number): Promise<void> {
    const { media, key } = this.#begin(kept.name);
    this.#keeper.knows(key);
    for (const pair of portsOf(kept.state)) this.#around.ports.reserve(pair);
    try {
      await media.takeUp(kept, turn, within);
    } catch (error) {
      this.settle(kept.name, media, "lost");
      throw error;
    }
  }

  /** Forgets the call if nothing is left of it. */
  settle(name: CallName, media: CallMedia, cause: Cause): void {
    const call = this.#calls.get(keyOf(name));
    if (!media.over || call?.media !== media) return;
    this.#calls.delete(keyOf(name));
    this.#keeper.remove(call.key);
    this.#telemetry.metrics.counter(metrics.ended).with({ cause }).add();
    if (this.#calls.size === 0) for (const tell of this.#emptied.splice(0)) tell();
  }

  /** No new calls: those that are there go on. */
  close(): void {
    this.#closed = true;
  }

  /** Resolves once no call is left, or after that many milliseconds. */
  emptied(within: number): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(within, resolve);
      this.#emptied.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Writes down once more all that there is, what was counted too: what follows goes on with it. */
  async handOver(within: number): Promise<void> {
    this.close();
    for (const call of this.#calls.values()) if (call.media.state.legs.length > 0) this.#keep(call);
    await this.#keeper.flush(within);
  }

  /** Lets go of every port. What is kept stays, for whoever follows. */
  async stop(): Promise<void> {
    this.close();
    this.#sweep.cancel();
    this.#keeper.close();
    await Promise.all([...this.#calls.values()].map(({ name, media }) => this.#end(name, media, "stopped")));
  }

  #begin(name: CallName): Call {
    const media: CallMedia = new CallMedia(this.#around, () => this.#keep(call));
    const call: Call = { name, key: `${this.#keys}${hash.sha256Hex(keyOf(name))}`, media };
    this.#calls.set(keyOf(name), call);
    return call;
  }

  #keep({ name, key, media }: Call): void {
    this.#keeper.write(key, () => encodeSession({ name, ...media.kept }));
  }

  readonly #expire = (): void => {
    const bounds = this.#bounds;
    const now = this.#clock.now();
    for (const { name, media } of this.#calls.values()) {
      const ending = endingOf(media.state, media.look(), bounds, now);
      if (ending !== undefined) void this.#end(name, media, ending);
    }
    this.#sweep = this.#clock.after(SWEEP, this.#expire);
  };

  async #end(name: CallName, media: CallMedia, cause: Cause): Promise<StreamReport[]> {
    const reports = await media.end();
    if (cause !== "stopped")
      this.#telemetry.log.warn({ callId: name.callId, cause }, "the media of a call ended by itself");
    this.settle(name, media, cause);
    return reports;
  }
}

/** How long sessions may last, by the configuration. */
export function boundsOf({ silence, unanswered, longest, rate }: MediaConfig): Bounds {
  return { silence: silence * 1000, unanswered: unanswered * 1000, longest: longest * 1000, rate };
}

function keyOf({ callId, callerTag }: CallName): string {
  return `${callId}\n${callerTag}`;
}
