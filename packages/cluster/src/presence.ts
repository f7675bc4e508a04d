import type { Clock, Timer } from "@sipmesh/environment";
import type { Instance } from "./cluster.ts";
import type { Signals } from "./register.ts";

/** Milliseconds between two heartbeats. */
const HEARTBEAT = 1000;
/** Silence after which an instance is dead: two heartbeats may be lost. With CHECK below 3 s. */
const DEAD_AFTER = 2500;
const CHECK = 250;
/** Checks by which everybody who lives was heard: turns of the event loop, for who sleeps hears nobody. */
const COMPLETE_AFTER = DEAD_AFTER / CHECK;
/** Silence towards ourselves after which it is we who hear nothing: shorter than that of the first who could seem dead. */
const DEAF_AFTER = DEAD_AFTER - HEARTBEAT;
/** Silence towards ourselves after which others may have taken us for dead, or are about to. */
const DOUBTFUL_AFTER = DEAD_AFTER - 2 * CHECK;
/** Milliseconds that a goodbye is remembered. */
const FORGOTTEN_AFTER = 10 * DEAD_AFTER;

type Signal =
  /** "I am there"; `asks`: and tell me who else is. `list`: the number of the list of owners that I know. */
  | { readonly is: "there"; readonly instance: Instance; readonly asks: boolean; readonly list?: number }
  | { readonly is: "leaving"; readonly id: string };

export interface PresenceOptions {
  readonly signals: Signals;
  readonly subject: string;
  readonly clock: Clock;
  readonly self: () => Instance;
  /** The number of the list of owners that we know. */
  readonly list: () => number;
  /** Somebody knows a later one. */
  readonly behind: () => void;
  readonly changed: () => void;
  /** After a while that makes it `doubtful`; ended by `trust`. */
  readonly heardAgain: () => void;
  readonly failed?: ((error: unknown) => void) | undefined;
}

/**
 * Who is there, by heartbeats. While the bus is away, or does not give our own heartbeats back, nobody is declared dead:
 * it is we who hear nothing.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #others = new Map<string, { instance: Instance; text: string; heard: number }>();
  /** Who said goodbye, and when: a heartbeat that was under way does not bring it back. */
  readonly #left = new Map<string, number>();
  readonly #listening: { close(): void };
  #beat: Timer | undefined;
  #check: Timer | undefined;
  #deaf = false;
  #doubtful = false;
  #checks = 0;
  #stopped = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#listening = options.signals.listen(options.subject, (payload) => this.#receive(payload));
    this.#tell(true);
    this.#scheduleBeat();
    this.#scheduleCheck();
  }

  /** All but ourselves. */
  get others(): Instance[] {
    return [...this.#others.values()].map(({ instance }) => instance);
  }

  /** Whoever is there has been heard. */
  get complete(): boolean {
    return this.#checks >= COMPLETE_AFTER;
  }

  /**
   * Somebody has put its members on the list: it was there a moment ago, and the heartbeat that tells of them is yet to be
   * heard. What else is known of it stays.
   */
  assume({ id, node, members }: Pick<Instance, "id" | "node" | "members">): void {
    if (id === this.#options.self().id || this.#left.has(id)) return;
    const known = this.#others.get(id)?.instance ?? { id, node, targets: [] };
    this.#others.set(id, { instance: { ...known, members }, text: "", heard: this.#options.clock.now() });
  }

  /**
   * The broker is there, and for a while none of our heartbeats has come back, until `trust`: others may have taken us for
   * dead, and what tells of it is yet to be heard.
   */
  get doubtful(): boolean {
    const { state, silence } = this.#options.signals;
    return state === "connected" && (this.#doubtful || silence >= DOUBTFUL_AFTER);
  }

  /** What others may have done meanwhile is known. */
  trust(): void {
    this.#doubtful = false;
  }

  /** Tells the others what we are now. */
  announce(): void {
    if (!this.#stopped) this.#tell(false);
  }

  /** Tells the others that we go. */
  leave(): void {
    this.#send({ is: "leaving", id: this.#options.self().id });
    this.stop();
  }

  stop(): void {
    this.#stopped = true;
    this.#beat?.cancel();
    this.#check?.cancel();
    this.#listening.close();
  }

  #scheduleBeat(): void {
    this.#beat = this.#options.clock.after(HEARTBEAT, () => {
      this.#scheduleBeat();
      this.#tell(false);
    });
  }

  #scheduleCheck(): void {
    this.#check = this.#options.clock.after(CHECK, () => {
      this.#scheduleCheck();
      this.#bury();
    });
  }

  #bury(): void {
    const { clock, signals, changed, heardAgain } = this.#options;
    if (signals.state === "away" || signals.silence > DEAF_AFTER) {
      this.#deaf = true;
      if (signals.silence >= DOUBTFUL_AFTER) this.#doubtful = true;
      // What comes back of it ends the silence.
      if (signals.state === "connected") this.#tell(false);
      return;
    }
    if (this.#deaf) {
      this.#deaf = false;
      for (const other of this.#others.values()) other.heard = clock.now();
      this.#tell(true);
      if (this.#doubtful) heardAgain();
      return;
    }
    this.#checks++;
    for (const [id, since] of this.#left) if (since + FORGOTTEN_AFTER <= clock.now()) this.#left.delete(id);
    const deadline = clock.now() - DEAD_AFTER;
    let died = false;
    for (const [id, { heard }] of this.#others) {
      if (heard <= deadline) died = this.#others.delete(id) || died;
    }
    if (died) changed();
  }

  #tell(asks: boolean): void {
    const { self, list } = this.#options;
    this.#send({ is: "there", instance: self(), asks, list: list() });
  }

  #send(signal: Signal): void {
    this.#options.signals.signal(this.#options.subject, Buffer.from(JSON.stringify(signal)));
  }

  #receive(payload: Uint8Array): void {
    let signal: Signal;
    try {
      signal = decode(payload);
    } catch (error) {
      this.#options.failed?.(error);
      return;
    }
    if (signal.is === "leaving") this.#goodbye(signal.id);
    else this.#heard(signal);
  }

  #heard({ instance, asks, list }: Signal & { is: "there" }): void {
    const { clock, self, changed, behind } = this.#options;
    if (instance.id === self().id || this.#left.has(instance.id)) return;
    const text = JSON.stringify(instance);
    const known = this.#others.get(instance.id);
    this.#others.set(instance.id, { instance, text, heard: clock.now() });
    if (asks) this.#tell(false);
    if (known?.text !== text) changed();
    // One of the version before does not say.
    if (list !== undefined && list > this.#options.list()) behind();
  }

  #goodbye(id: string): void {
    if (id === this.#options.self().id) return;
    // Of who was never heard of there is no heartbeat under way.
    if (!this.#others.delete(id)) return;
    this.#left.set(id, this.#options.clock.now());
    this.#options.changed();
  }
}

/** @throws Error where it is no signal of ours */
function decode(payload: Uint8Array): Signal {
  const signal = JSON.parse(Buffer.from(payload).toString()) as Signal;
  if (signal.is === "leaving" && typeof signal.id === "string") return signal;
  if (signal.is === "there") {
    const { id, node, targets, members } = signal.instance;
    if (typeof id === "string" && typeof node === "string" && Array.isArray(targets) && Array.isArray(members)) {
      return signal;
    }
  }
  throw new Error("a presence signal of an unknown kind");
}
