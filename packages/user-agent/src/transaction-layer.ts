import type { Timer } from "@sipmesh/environment";
import type { Draft, Message, Request, Response } from "@sipmesh/sip";
import { fromDraft } from "@sipmesh/sip";
import {
  type ClientEvent,
  clientKey,
  clientTransactionKey,
  inviteClient,
  inviteKeyOf,
  inviteServer,
  nonInviteClient,
  nonInviteServer,
  rfcTimers,
  type ServerEvent,
  type Step,
  serverTransactionKey,
  startInviteClient,
  startInviteServer,
  startNonInviteClient,
  startNonInviteServer,
  type TimerName,
  type TimerSettings,
  type TransactionEffect,
} from "@sipmesh/sip-core";
import { type Peer, peerText } from "./peer.ts";
import type { SipTransport, Source } from "./sip-transport.ts";
import type { Surroundings } from "./surroundings.ts";

/** Who sent a request. */
export interface ClientUser {
  response(response: Response): void;
  /** No answer came, or none can. */
  failed(cause: "timeout" | "transport"): void;
}

/** A request that waits for our answer. */
export interface ServerTransaction {
  readonly request: Request;
  readonly source: Source;
  respond(draft: Draft, status: number): void;
}

export interface TransactionUser {
  request(transaction: ServerTransaction): void;
  /** An ACK of a 2xx. */
  ack(request: Request): void;
  /** The INVITE that a CANCEL means, where its transaction is there. */
  cancel(transaction: ServerTransaction, invite: ServerTransaction | undefined): void;
}

type TimerEvent = { readonly type: "timer"; readonly timer: TimerName };
type Machine<S, E> = (state: S, event: E | TimerEvent, timers: TimerSettings) => Step<S, TransactionEffect>;

/** Runs one machine of `@sipmesh/sip-core`: keeps its state and timers, takes one event after the other. */
class Running<S, E> {
  readonly #surroundings: Surroundings;
  readonly #machine: Machine<S, E>;
  readonly #perform: (effect: TransactionEffect) => void;
  readonly #timers = new Map<TimerName, Timer>();
  readonly #waiting: (E | TimerEvent)[] = [];
  readonly #initial: readonly TransactionEffect[];
  #busy = false;
  #state: S;

  constructor(
    surroundings: Surroundings,
    start: Step<S, TransactionEffect>,
    machine: Machine<S, E>,
    perform: (effect: TransactionEffect) => void,
  ) {
    this.#surroundings = surroundings;
    this.#machine = machine;
    this.#perform = perform;
    this.#state = start.state;
    this.#initial = start.effects;
  }

  begin(): void {
    this.#run(this.#initial);
  }

  take(event: E | TimerEvent): void {
    this.#waiting.push(event);
    if (!this.#busy) this.#run([]);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#waiting.length = 0;
  }

  /** What an effect leads to (an answer given at once) waits until the effects beside it are done. */
  #run(effects: readonly TransactionEffect[]): void {
    this.#busy = true;
    try {
      for (const effect of effects) this.#apply(effect);
      for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
        const step = this.#machine(this.#state, event, this.#surroundings.timers ?? rfcTimers);
        this.#state = step.state;
        for (const effect of step.effects) this.#apply(effect);
      }
    } finally {
      this.#busy = false;
    }
  }

  #apply(effect: TransactionEffect): void {
    switch (effect.type) {
      case "start": {
        const { timer } = effect;
        this.#timers.get(timer)?.cancel();
        const run = (): void => {
          this.#timers.delete(timer);
          this.take({ type: "timer", timer });
        };
        this.#timers.set(timer, this.#surroundings.clock.after(effect.after, run));
        return;
      }
      case "stop":
        this.#timers.get(effect.timer)?.cancel();
        this.#timers.delete(effect.timer);
        return;
      case "terminated":
        this.stop();
        this.#perform(effect);
        return;
      case "send":
      case "pass":
      case "failed":
        try {
          this.#perform(effect);
        } catch (error) {
          // The timers that stand beside this effect must be set all the same.
          this.#surroundings.report?.(error);
        }
        return;
      default:
        effect satisfies never;
    }
  }
}

interface Server extends ServerTransaction {
  take(event: ServerEvent): void;
  stop(): void;
}

interface Client {
  readonly peer: Peer;
  take(event: ClientEvent): void;
  stop(): void;
}

/** The transaction layer of a user agent: matches messages to the machines of RFC 3261 section 17, and runs them. */
export class TransactionLayer {
  readonly #surroundings: Surroundings;
  readonly #transport: SipTransport;
  readonly #user: TransactionUser;
  readonly #clients = new Map<string, Client>();
  readonly #servers = new Map<string, Server>();

  constructor(surroundings: Surroundings, transport: SipTransport, user: TransactionUser) {
    this.#surroundings = surroundings;
    this.#transport = transport;
    this.#user = user;
  }

  /** How many transactions are there. */
  get size(): number {
    return this.#clients.size + this.#servers.size;
  }

  /**
   * Sends a request other than ACK, whose topmost Via is ours. `abandon` ends the transaction without a word: of an
   * INVITE that was answered provisionally and will not be answered any more (section 9.1).
   */
  send(draft: Draft, peer: Peer, user: ClientUser): { abandon(): void } {
    const sent = fromDraft(draft) as Request;
    const key = clientKey(sent.via.branch ?? "", sent.method);
    const reliable = peer.transport === "tcp";
    const timers = this.#surroundings.timers ?? rfcTimers;
    const perform = (effect: TransactionEffect): void => {
      if (effect.type === "send") this.#transport.send(effect.message, peer);
      else if (effect.type === "pass") user.response(effect.message as Response);
      else if (effect.type === "failed") user.failed(effect.cause);
      else this.#clients.delete(key);
    };
    const running =
      sent.method === "INVITE"
        ? new Running(this.#surroundings, startInviteClient(draft, reliable, timers), inviteClient, perform)
        : new Running(this.#surroundings, startNonInviteClient(draft, reliable, timers), nonInviteClient, perform);
    this.#clients.set(key, { peer, take: (event) => running.take(event), stop: () => running.stop() });
    running.begin();
    return {
      abandon: () => {
        running.stop();
        this.#clients.delete(key);
      },
    };
  }

  receive(message: Message, source: Source): void {
    if (message.kind === "response") {
      this.#clients.get(clientTransactionKey(message))?.take({ type: "response", message });
      return;
    }
    const key = serverTransactionKey(message);
    const known = this.#servers.get(key);
    if (message.method === "ACK") {
      if (known === undefined) this.#user.ack(message);
      else known.take({ type: "ack", message });
    } else if (known !== undefined) known.take({ type: "request" });
    else this.#serve(message, source, key);
  }

  /** A connection is gone: the requests that went over it and wait for a first answer will not get one. */
  broken(peer: Peer): void {
    const name = peerText(peer);
    for (const client of [...this.#clients.values()]) {
      if (client.peer.transport === "tcp" && peerText(client.peer) === name) client.take({ type: "transport-error" });
    }
  }

  /** Ends every transaction without a word. */
  stop(): void {
    for (const running of [...this.#clients.values(), ...this.#servers.values()]) running.stop();
    this.#clients.clear();
    this.#servers.clear();
  }

  #serve(request: Request, source: Source, key: string): void {
    const reliable = source.peer.transport === "tcp";
    const timers = this.#surroundings.timers ?? rfcTimers;
    const perform = (effect: TransactionEffect): void => {
      if (effect.type === "send") this.#transport.reply(effect.message, source);
      else if (effect.type === "pass") this.#pass(effect.message as Request, server);
      else if (effect.type === "terminated") this.#servers.delete(key);
    };
    const running =
      request.method === "INVITE"
        ? new Running(this.#surroundings, startInviteServer(request, reliable, timers), inviteServer, perform)
        : new Running(this.#surroundings, startNonInviteServer(request, reliable, timers), nonInviteServer, perform);
    const server: Server = {
      request,
      source,
      respond: (message, status) => running.take({ type: "respond", message, status }),
      take: (event) => running.take(event),
      stop: () => running.stop(),
    };
    this.#servers.set(key, server);
    running.begin();
  }

  #pass(message: Request, server: Server): void {
    if (message.method === "ACK") this.#user.ack(message);
    else if (message.method === "CANCEL") this.#user.cancel(server, this.#servers.get(inviteKeyOf(message)));
    else this.#user.request(server);
  }
}
