import type { Msg, MsgCallback, NatsConnection, Subscription } from "@nats-io/nats-core";
import type { Clock, Timer } from "@sipmesh/environment";
import type { Bus, BusObserver, Closer, DropReason, Envelope } from "./bus.ts";
import { decodeFrame, encodeFrame } from "./codec.ts";
import { Listeners } from "./listeners.ts";
import { LocalDelivery } from "./local-delivery.ts";
import { reportFailure } from "./report-failure.ts";
import { ageOf, frameOf, senderMark, sentByUs, withoutMark } from "./signal-frame.ts";

export interface NatsBusOptions {
  readonly clock: Clock;
  readonly observer?: BusObserver | undefined;
  /** Milliseconds for which envelopes are held while NATS is away. */
  readonly holdFor?: number;
  /** Bytes that may wait for NATS: those held while it is away, or those it has not confirmed. */
  readonly outgoingLimit?: number;
}

/**
 * Long enough to find another server, the first attempt going to one that has lost its power; short beside what a caller
 * waits.
 */
const HOLD_FOR = 3000;
const OUTGOING_LIMIT = 16 * 1024 * 1024;
/** A frame is ended at this size, so that one slow subject does not delay the others by a megabyte. */
const FRAME_SIZE = 256 * 1024;
/** Bytes after which NATS is asked to confirm what it has got. */
const CONFIRM_EACH = 1024 * 1024;
/** Bytes of an envelope besides its message, at most: flow, trace, field table. */
const ENVELOPE_OVERHEAD = 1024;

interface Waiting {
  envelopes: Envelope[];
  bytes: number;
}

/**
 * The bus over core NATS: at most once, in order for each subject. What a subscriber in this process asked for stays in
 * the process. The connection belongs to the caller, who makes it with `reconnect` and closes it after the bus.
 */
export function natsBus(connection: NatsConnection, options: NatsBusOptions): Bus {
  return new NatsBus(connection, options);
}

class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #observer: BusObserver | undefined;
  readonly #holdFor: number;
  readonly #limit: number;
  readonly #local: LocalDelivery;
  readonly #drops: Listeners<[string, Envelope, DropReason]>;
  readonly #signals = new Map<string, Listeners<[Uint8Array]>>();
  readonly #subscriptions = new Map<string, { users: number; subscription: Subscription }>();
  readonly #mark = senderMark();
  /** When the latest signal was sent that NATS has given back. */
  #gaveBack: number;
  #waiting = new Map<string, Waiting>();
  #waitingBytes = 0;
  #unconfirmedBytes = 0;
  #askedFor = 0;
  #flushing: NodeJS.Immediate | undefined;
  #holding: Timer | undefined;
  #gaveUp = false;
  #closed = false;
  #state: "connected" | "away" = "connected";

  constructor(connection: NatsConnection, options: NatsBusOptions) {
    this.#connection = connection;
    this.#clock = options.clock;
    this.#gaveBack = options.clock.now();
    this.#observer = options.observer;
    this.#holdFor = options.holdFor ?? HOLD_FOR;
    this.#limit = options.outgoingLimit ?? OUTGOING_LIMIT;
    this.#local = new LocalDelivery(options.observer);
    this.#drops = new Listeners(options.observer);
    void this.#follow();
  }

  get state(): "connected" | "away" {
    return this.#state;
  }

  get silence(): number {
    return this.#clock.now() - this.#gaveBack;
  }

  publish(subject: string, envelope: Envelope): void {
    if (this.#closed) return;
    if (this.#local.deliver(subject, envelope)) {
      this.#observer?.published(1, "local");
      return;
    }
    if (this.#gaveUp) {
      this.#drop(subject, envelope, "away");
      return;
    }
    const bytes = size(envelope);
    if (bytes > this.#largest()) {
      this.#drop(subject, envelope, "too-large");
      return;
    }
    if (this.#waitingBytes + this.#unconfirmedBytes + bytes > this.#limit) {
      this.#drop(subject, envelope, "overflow");
      return;
    }
    this.#wait(subject, envelope, bytes);
  }

  subscribe(subject: string, receive: (envelope: Envelope) => void): Closer {
    const local = this.#local.subscribe(subject, receive);
    const remote = this.#remote(subject, (frame) => {
      let envelopes = 0;
      const deliver = (envelope: Envelope): void => {
        envelopes += 1;
        this.#local.deliver(subject, envelope);
      };
      decodeFrame(frame, deliver, (error) => this.#observer?.failed("frame", error));
      this.#observer?.received(envelopes);
    });
    return both(local, remote);
  }

  signal(subject: string, payload: Uint8Array): void {
    if (this.#closed) return;
    if (this.#state === "connected") this.#send(subject, frameOf(this.#mark, this.#clock.now(), payload));
    this.#signals.get(subject)?.call(payload);
  }

  listen(subject: string, receive: (payload: Uint8Array) => void): Closer {
    let listeners = this.#signals.get(subject);
    if (listeners === undefined) {
      listeners = new Listeners(this.#observer);
      this.#signals.set(subject, listeners);
    }
    const local = listeners.add(receive);
    const remote = this.#remote(subject, (frame) => {
      // What we signalled ourselves was handed over without NATS.
      if (sentByUs(frame, this.#mark)) this.#noteReturn(frame);
      else this.#signals.get(subject)?.call(withoutMark(frame));
    });
    return both(local, remote);
  }

  onDrop(run: (subject: string, envelope: Envelope, reason: DropReason) => void): Closer {
    return this.#drops.add(run);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    clearImmediate(this.#flushing);
    this.#holding?.cancel();
    for (const { subscription } of this.#subscriptions.values()) subscription.unsubscribe();
    this.#subscriptions.clear();
    if (this.#state === "connected") await this.#connection.flush().catch(() => {});
    this.#local.clear();
    this.#signals.clear();
    this.#drops.clear();
  }

  #noteReturn(frame: Uint8Array): void {
    const now = this.#clock.now();
    this.#gaveBack = now - ageOf(frame, now);
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (this.#closed) return;
      if (type === "disconnect" || type === "staleConnection" || type === "close") this.#away();
      else if (type === "reconnect") this.#back();
    }
    if (!this.#closed) this.#away();
  }

  #away(): void {
    if (this.#state === "away") return;
    this.#state = "away";
    this.#holding = this.#clock.after(this.#holdFor, () => {
      this.#gaveUp = true;
      const waiting = this.#waiting;
      this.#waiting = new Map();
      this.#waitingBytes = 0;
      for (const [subject, { envelopes }] of waiting) {
        for (const envelope of envelopes) this.#drop(subject, envelope, "away");
      }
    });
  }

  #back(): void {
    this.#state = "connected";
    this.#gaveUp = false;
    this.#unconfirmedBytes = 0;
    this.#askedFor = 0;
    this.#holding?.cancel();
    this.#flush();
  }

  #wait(subject: string, envelope: Envelope, bytes: number): void {
    let waiting = this.#waiting.get(subject);
    if (waiting === undefined) {
      waiting = { envelopes: [], bytes: 0 };
      this.#waiting.set(subject, waiting);
    } else if (waiting.bytes + bytes > FRAME_SIZE && this.#state === "connected") {
      this.#publishFrame(subject, waiting);
      this.#waitingBytes -= waiting.bytes;
      waiting.envelopes = [];
      waiting.bytes = 0;
    }
    waiting.envelopes.push(envelope);
    waiting.bytes += bytes;
    this.#waitingBytes += bytes;
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#state === "away" || this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#waitingBytes = 0;
    for (const [subject, batch] of waiting) this.#publishFrame(subject, batch);
  }

  #publishFrame(subject: string, { envelopes }: Waiting): void {
    if (envelopes.length > 1 && envelopes.reduce((sum, envelope) => sum + size(envelope), 0) > this.#largest()) {
      // Held while NATS was away, more than one frame of it.
      const half = envelopes.length >> 1;
      this.#publishFrame(subject, { envelopes: envelopes.slice(0, half), bytes: 0 });
      this.#publishFrame(subject, { envelopes: envelopes.slice(half), bytes: 0 });
      return;
    }
    if (this.#sendAll(subject, envelopes)) this.#observer?.published(envelopes.length, "broker");
    else for (const envelope of envelopes) this.#drop(subject, envelope, "away");
  }

  #sendAll(subject: string, envelopes: readonly Envelope[]): boolean {
    let frame: Uint8Array;
    try {
      frame = encodeFrame(envelopes);
    } catch (error) {
      this.#observer?.failed("frame", error);
      return false;
    }
    return this.#send(subject, frame);
  }

  #send(subject: string, frame: Uint8Array): boolean {
    try {
      this.#connection.publish(subject, frame);
    } catch (error) {
      // The connection was closed under us, or the frame is larger than this server takes.
      this.#observer?.failed("frame", error);
      return false;
    }
    this.#unconfirmedBytes += frame.length;
    if (this.#unconfirmedBytes - this.#askedFor > CONFIRM_EACH) this.#askToConfirm();
    return true;
  }

  #askToConfirm(): void {
    const asked = this.#unconfirmedBytes - this.#askedFor;
    this.#askedFor += asked;
    this.#connection.flush().then(
      () => {
        this.#unconfirmedBytes = Math.max(0, this.#unconfirmedBytes - asked);
        this.#askedFor = Math.max(0, this.#askedFor - asked);
      },
      // Disconnected: counting starts anew with the next connection.
      () => {},
    );
  }

  #largest(): number {
    return (this.#connection.info?.max_payload ?? 1024 * 1024) - ENVELOPE_OVERHEAD;
  }

  /** One subscription of NATS for each subject, however many subscribe here. */
  #remote(subject: string, receive: (frame: Uint8Array) => void): Closer {
    let shared = this.#subscriptions.get(subject);
    if (shared === undefined) {
      shared = { users: 0, subscription: this.#connection.subscribe(subject, { callback: this.#guarded(receive) }) };
      this.#subscriptions.set(subject, shared);
    }
    const used = shared;
    used.users += 1;
    let open = true;
    return {
      close: () => {
        if (!open) return;
        open = false;
        used.users -= 1;
        if (used.users > 0 || this.#subscriptions.get(subject) !== used) return;
        this.#subscriptions.delete(subject);
        used.subscription.unsubscribe();
      },
    };
  }

  #guarded(receive: (frame: Uint8Array) => void): MsgCallback<Msg> {
    return (error, message) => {
      if (this.#closed) return;
      try {
        if (error) throw error;
        receive(message.data);
      } catch (thrown) {
        this.#observer?.failed("frame", thrown);
      }
    };
  }

  #drop(subject: string, envelope: Envelope, reason: DropReason): void {
    this.#observer?.dropped(1, reason);
    this.#drops.call(subject, envelope, reason);
    reportFailure(envelope, reason, (to, failure) => this.publish(to, failure));
  }
}

function both(first: Closer, second: Closer): Closer {
  return {
    close: () => {
      first.close();
      second.close();
    },
  };
}

/** Bytes on the bus, at most. */
function size(envelope: Envelope): number {
  switch (envelope.kind) {
    case "inbound":
      return envelope.raw.length + 3 * envelope.message.fields.length + 256;
    case "outbound":
      return envelope.raw.length + 512;
    case "send-failure":
      return envelope.key.length + envelope.reason.length + envelope.callId.length + 16;
    case "confirmation":
      return 5 * envelope.numbers.length + 16;
    case "handover":
      return envelope.payload.length + 16;
  }
}
