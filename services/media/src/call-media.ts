import type { StreamReport } from "@sipmesh/proto/media";
import { SdpError } from "@sipmesh/sdp";
import { answer, portsForAnswer } from "./answer.ts";
import { Bridge } from "./bridge.ts";
import { differences, type MediaEffect, type Step } from "./effects.ts";
import { type DescriptionEvent, ExchangeError, type Need } from "./exchange.ts";
import type { Activity } from "./expiry.ts";
import type { KeptSession, KeptStream } from "./kept-session.ts";
import { MediaError } from "./media-error.ts";
import { offer, portsForOffer } from "./offer.ts";
import type { Ports } from "./ports.ts";
import { reject } from "./reject.ts";
import { remove } from "./remove.ts";
import { reportOf } from "./report.ts";
import {
  emptySession,
  type Leg,
  type LegName,
  type PortPair,
  portsOf,
  type SessionState,
  type Side,
} from "./session.ts";

/** What a session needs of its surroundings. */
export interface CallSurroundings {
  readonly ports: Ports;
  readonly now: () => number;
  readonly maximumLegs: number;
  readonly anybody: boolean;
  /** A stream ended: its last report. */
  readonly streamEnded: (report: StreamReport) => void;
}

/** The media of one call: runs the session's effects, one event after the other. */
export class CallMedia {
  readonly #around: CallSurroundings;
  readonly #changed: () => void;
  #state: SessionState = emptySession;
  /** By leg (branch, tag) and media index. */
  readonly #bridges = new Map<string, { readonly bridge: Bridge; readonly leg: Leg; readonly media: number }>();
  #began: number;
  #signalled: number;
  /** When it went on here with what another process had begun. */
  #takenUp = 0;
  #looked: { readonly at: number; readonly packets: number };
  #last: Promise<unknown> = Promise.resolve();
  #over = false;

  /** @param changed told after each change of what another process would need to go on: never for a packet alone */
  constructor(around: CallSurroundings, changed: () => void = () => {}) {
    this.#around = around;
    this.#changed = changed;
    this.#began = around.now();
    this.#signalled = this.#began;
    this.#looked = { at: this.#began, packets: 0 };
  }

  get state(): SessionState {
    return this.#state;
  }

  /** True once it ended or its last leg did: it takes no more events. */
  get over(): boolean {
    return this.#over;
  }

  /** What happened to it up to now; the rate is that since the last look. */
  look(): Activity {
    const now = this.#around.now();
    let packet: number | undefined;
    let packets = 0;
    for (const { bridge } of this.#bridges.values()) {
      const last = bridge.lastPacket;
      if (last !== undefined && (packet === undefined || last > packet)) packet = last;
      packets = Math.max(packets, bridge.packets);
    }
    // Nobody knows who was silent while nobody listened.
    if (this.#takenUp > 0) packet = Math.max(packet ?? 0, this.#takenUp);
    const rate = now > this.#looked.at ? (1000 * (packets - this.#looked.packets)) / (now - this.#looked.at) : 0;
    this.#looked = { at: now, packets };
    return { began: this.#began, signalled: this.#signalled, rate, ...(packet === undefined ? {} : { packet }) };
  }

  /** Milliseconds since the epoch. */
  get began(): number {
    return this.#began;
  }

  /** What another process needs to go on. */
  get kept(): Omit<KeptSession, "name"> {
    const streams = [...this.#bridges.values()].map(
      ({ bridge, leg: { branch, calleeTag }, media }): KeptStream => ({ branch, calleeTag, media, ...bridge.kept }),
    );
    return { began: this.#began, signalled: this.#signalled, state: this.#state, streams };
  }

  /**
   * Goes on where another process ended: the same ports, peers and descriptions. Meanwhile every verb waits.
   *
   * @param turn when it may begin
   * @param within milliseconds that the ports may take; they were reserved
   * @throws MediaError where the ports are not to be had: then it is over
   */
  takeUp(kept: KeptSession, turn: Promise<unknown>, within: number): Promise<void> {
    const { began, signalled, state, streams } = kept;
    return this.#inTurn(async () => {
      await turn;
      const { ports, now } = this.#around;
      const pairs = [...portsOf(state)];
      const opened = await Promise.allSettled(pairs.map((pair) => ports.reopen(pair, within)));
      const failed = opened.find((one) => one.status === "rejected");
      if (failed !== undefined) {
        await Promise.all(pairs.map((pair) => ports.close(pair)));
        this.#over = true;
        throw failed.reason;
      }
      for (const effect of differences(emptySession, state)) if (effect.type !== "tell") await this.#run(effect, []);
      for (const { branch, calleeTag, media, caller, callee } of streams) {
        this.#bridges.get(bridgeName(branch, calleeTag, media))?.bridge.takeUp({ caller, callee });
      }
      this.#state = state;
      this.#began = began;
      this.#signalled = signalled;
      this.#takenUp = now();
      this.look();
    });
  }

  reports(): StreamReport[] {
    const now = this.#around.now();
    return [...this.#bridges.values()].flatMap(({ bridge, leg, media }) => [
      reportOf(bridge, leg, media, "caller", now),
      reportOf(bridge, leg, media, "callee", now),
    ]);
  }

  /** @throws MediaError */
  offer(event: DescriptionEvent, advertise: string): Promise<string> {
    return this.#exchange(event, advertise, portsForOffer, offer);
  }

  /** @throws MediaError */
  answer(event: DescriptionEvent, advertise: string): Promise<string> {
    return this.#exchange(event, advertise, portsForAnswer, answer);
  }

  reject(name: LegName, from: Side): Promise<void> {
    return this.#inTurn(async () => void (await this.#apply(reject(this.#state, name, from))));
  }

  /** @returns the last reports of the streams that ended */
  remove(name: LegName): Promise<StreamReport[]> {
    return this.#inTurn(async () => {
      const step = remove(this.#state, name);
      const ended: StreamReport[] = [];
      await this.#apply(step, ended);
      return ended;
    });
  }

  /** Ends all of it, whatever is under way. */
  end(): Promise<StreamReport[]> {
    return this.remove({ branch: "", calleeTag: "" });
  }

  /** Opening ports takes time; meanwhile nothing else may change the session. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #exchange(
    event: DescriptionEvent,
    advertise: string,
    needs: (state: SessionState, event: DescriptionEvent) => Need[],
    settle: (state: SessionState, event: DescriptionEvent, opened: ReadonlyMap<number, PortPair>, legs: number) => Step,
  ): Promise<string> {
    return this.#inTurn(async () => {
      const { ports, maximumLegs } = this.#around;
      if (this.#over) throw new MediaError("media-no-offer", "the call's media ended while this waited for its turn");
      const opened = new Map<number, PortPair>();
      try {
        for (const { media, bind } of needs(this.#state, event))
          opened.set(media, await ports.open({ bind, advertise }));
        const told = await this.#apply(settle(this.#state, event, opened, maximumLegs));
        return told ?? "";
      } catch (error) {
        for (const pair of opened.values()) await ports.close(pair);
        this.#over = this.#state.legs.length === 0;
        throw asMediaError(error);
      }
    });
  }

  /** @returns the description to pass on, where there is one */
  async #apply(step: Step, ended: StreamReport[] = []): Promise<string | undefined> {
    let told: string | undefined;
    for (const effect of step.effects) {
      if (effect.type === "tell") told = effect.sdp;
      else await this.#run(effect, ended);
    }
    this.#state = step.state;
    this.#signalled = this.#around.now();
    this.#over = step.state.legs.length === 0;
    if (!this.#over) this.#changed();
    return told;
  }

  async #run(effect: Exclude<MediaEffect, { type: "tell" }>, ended: StreamReport[]): Promise<void> {
    const { ports, anybody, now, streamEnded } = this.#around;
    if (effect.type === "release") {
      await ports.close(effect.pair);
      return;
    }
    const { leg, media } = effect;
    const key = bridgeName(leg.branch, leg.calleeTag, media);
    const known = this.#bridges.get(key);
    if (effect.type === "wire") {
      if (known === undefined) {
        const bridge = new Bridge(ports, effect.ends, anybody, this.#changed);
        this.#bridges.set(key, { bridge, leg, media });
      } else known.bridge.agree(effect.ends);
    } else if (known !== undefined) {
      this.#bridges.delete(key);
      for (const side of ["caller", "callee"] as const) {
        const report = reportOf(known.bridge, leg, media, side, now());
        ended.push(report);
        streamEnded(report);
      }
      known.bridge.end();
    }
  }
}

function bridgeName(branch: string, calleeTag: string, media: number): string {
  return `${branch}\n${calleeTag}\n${media}`;
}

function asMediaError(error: unknown): unknown {
  if (error instanceof SdpError) return new MediaError("media-bad-sdp", error.message, error);
  if (error instanceof ExchangeError) {
    return new MediaError(error.code === "no-offer" ? "media-no-offer" : "media-too-many-legs", error.message, error);
  }
  return error;
}
