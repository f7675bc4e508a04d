import type { Clock, Timer } from "@sipmesh/environment";
import type { StreamReport } from "@sipmesh/proto/media";
import type { Telemetry } from "@sipmesh/telemetry";
import { CallMedia, type CallSurroundings } from "./call-media.ts";
import type { MediaConfig } from "./config.ts";
import type { Counters } from "./counters.ts";
import { type Ending, endingOf } from "./expiry.ts";
import { MediaError } from "./media-error.ts";
import type { Ports } from "./ports.ts";
import { metrics } from "./telemetry.ts";

/** How often the bounds of sessions are looked at, in milliseconds. */
const SWEEP = 1000;

export type Cause = Ending | "deleted" | "refused" | "stopped";

/** Which call: its Call-ID and the tag of who sent the INVITE. */
export interface CallName {
  readonly callId: string;
  readonly callerTag: string;
}

/** All calls whose media this process relays. Those that are dead end by themselves. */
export class Sessions {
  readonly #calls = new Map<string, { readonly name: CallName; readonly media: CallMedia }>();
  readonly #config: MediaConfig;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #around: CallSurroundings;
  #sweep: Timer;
  #stopped = false;

  constructor(config: MediaConfig, clock: Clock, telemetry: Telemetry, ports: Ports, counters: Counters) {
    this.#config = config;
    this.#clock = clock;
    this.#telemetry = telemetry;
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

  *all(): Iterable<{ readonly name: CallName; readonly media: CallMedia }> {
    yield* this.#calls.values();
  }

  find(name: CallName): CallMedia | undefined {
    const known = this.#calls.get(keyOf(name))?.media;
    return known?.over ? undefined : known;
  }

  /** @throws MediaError `media-too-many-sessions`, `media-stopping` */
  findOrBegin(name: CallName): CallMedia {
    if (this.#stopped) throw new MediaError("media-stopping", "the relay is about to stop");
    const known = this.find(name);
    if (known !== undefined) return known;
    if (this.#calls.size >= this.#config.sessions) {
      throw new MediaError("media-too-many-sessions", `${this.#config.sessions} calls are relayed already`);
    }
    const media = new CallMedia(this.#around);
    this.#calls.set(keyOf(name), { name, media });
    return media;
  }

  /** Forgets the call if nothing is left of it. */
  settle(name: CallName, media: CallMedia, cause: Cause): void {
    const key = keyOf(name);
    if (!media.over || this.#calls.get(key)?.media !== media) return;
    this.#calls.delete(key);
    this.#telemetry.metrics.counter(metrics.ended).with({ cause }).add();
  }

  readonly #expire = (): void => {
    const { silence, unanswered, longest } = this.#config;
    const bounds = { silence: silence * 1000, unanswered: unanswered * 1000, longest: longest * 1000 };
    const now = this.#clock.now();
    for (const { name, media } of this.#calls.values()) {
      const ending = endingOf(media.state, media.activity, bounds, now);
      if (ending !== undefined) void this.#end(name, media, ending);
    }
    if (!this.#stopped) this.#sweep = this.#clock.after(SWEEP, this.#expire);
  };

  async #end(name: CallName, media: CallMedia, cause: Cause): Promise<StreamReport[]> {
    const reports = await media.end();
    if (cause !== "stopped")
      this.#telemetry.log.warn({ callId: name.callId, cause }, "the media of a call ended by itself");
    this.settle(name, media, cause);
    return reports;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#sweep.cancel();
    await Promise.all([...this.#calls.values()].map(({ name, media }) => this.#end(name, media, "stopped")));
  }
}

function keyOf({ callId, callerTag }: CallName): string {
  return `${callId}\n${callerTag}`;
}
