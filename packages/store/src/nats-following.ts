import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { createInbox, type Msg, type NatsConnection, nanos, nuid, type Subscription } from "@nats-io/nats-core";
import type { Clock, Timer } from "@sipmesh/environment";

/** Milliseconds between signs of life of the server that has our consumer, which may be another than ours; three may be missed. */
const HEARTBEAT = 2000;
const SILENCE = 3 * HEARTBEAT;
/** Milliseconds after which the server forgets a consumer that nobody listens to: of who could not say goodbye. */
const FORGOTTEN_AFTER = 30_000;
/** Milliseconds until the server is asked for a consumer again, and how much longer it is each time. */
const AGAIN_AFTER = 250;
const LONGEST = 5000;

/** A value as a bucket of JetStream has it: the last message of a subject. */
export interface Stored {
  /** Without the bucket's own part. */
  readonly subject: string;
  readonly revision: number;
  readonly value: Uint8Array;
  readonly removed: boolean;
}

export interface FollowingOptions {
  readonly connection: NatsConnection;
  readonly manager: () => Promise<JetStreamManager>;
  readonly clock: Clock;
  /** The bucket's name in JetStream. */
  readonly stored: string;
  /** Keys, as a subject without the bucket's own part. */
  readonly filter: string;
  readonly told: (stored: Stored) => void;
  /** Everything that was there has been told. */
  readonly complete: () => void;
  /** Something was missed, or nothing is heard any more: what follows may be wrong. Told once, and nothing after it. */
  readonly broken: (reason: string) => void;
  /** The server did not make a consumer; it is asked again. */
  readonly failed: (error: unknown) => void;
}

/**
 * Follows the values of a bucket from what is there on, by an ephemeral consumer of its own. The server may be asked for it
 * several times and makes one: whoever is too slow to answer is not given more to do each time.
 */
export class NatsFollowing {
  readonly #o: FollowingOptions;
  readonly #name = `sipmesh_${nuid.next()}`;
  readonly #inbox = createInbox();
  readonly #prefix: string;
  readonly #subscription: Subscription;
  #delivered = 0;
  #complete = false;
  #heard: number;
  #wait = AGAIN_AFTER;
  #asked = false;
  #again: Timer | undefined;
  #silence: Timer | undefined;
  #ended = false;

  constructor(options: FollowingOptions) {
    this.#o = options;
    this.#prefix = `$KV.${options.stored}.`;
    this.#heard = options.clock.now();
    this.#subscription = options.connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (this.#ended) return;
        try {
          if (error !== null) throw error;
          this.#receive(message);
        } catch (reason) {
          // Nothing that comes may end the connection that it comes by.
          this.#break(String(reason));
        }
      },
    });
    void this.#ask();
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#again?.cancel();
    this.#silence?.cancel();
    this.#subscription.unsubscribe();
    if (!this.#asked || this.#o.connection.isClosed()) return;
    // One that this does not reach the server forgets by itself.
    this.#o
      .manager()
      .then((manager) => manager.consumers.delete(this.#stream, this.#name))
      .catch(() => {});
  }

  get #stream(): string {
    return `KV_${this.#o.stored}`;
  }

  async #ask(): Promise<void> {
    const { clock, filter, failed, manager } = this.#o;
    const config: Partial<ConsumerConfig> = {
      name: this.#name,
      deliver_subject: this.#inbox,
      deliver_policy: DeliverPolicy.LastPerSubject,
      filter_subject: `${this.#prefix}${filter}`,
      ack_policy: AckPolicy.None,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      flow_control: true,
      idle_heartbeat: nanos(HEARTBEAT),
      inactive_threshold: nanos(FORGOTTEN_AFTER),
    };
    try {
      const api = (await manager()).consumers;
      if (this.#ended) return;
      this.#asked = true;
      const { num_pending: pending, delivered } = await api.add(this.#stream, config);
      if (this.#ended) return;
      this.#heard = clock.now();
      this.#listen();
      if (pending === 0 && delivered.consumer_seq === 0) this.#completed();
    } catch (error) {
      if (this.#ended) return;
      failed(error);
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) {
        this.#break("the bucket is not there");
        return;
      }
      this.#again = clock.after(this.#wait, () => void this.#ask());
      this.#wait = Math.min(2 * this.#wait, LONGEST);
    }
  }

  #receive(message: Msg): void {
    this.#heard = this.#o.clock.now();
    const status = message.headers?.code ?? 0;
    if (status === 0) {
      this.#tell(message);
    } else if (status === 100) {
      this.#control(message);
    } else {
      this.#break(message.headers?.description ?? `status ${status}`);
    }
  }

  /** The server asks whether we keep up, or says that it has told everything so far and lives. */
  #control(message: Msg): void {
    const stalled = message.headers?.get("Nats-Consumer-Stalled") ?? "";
    if (stalled !== "") this.#o.connection.publish(stalled);
    message.respond();
    const last = message.headers?.get("Nats-Last-Consumer") ?? "";
    if (last === "") return;
    if (Number(last) !== this.#delivered) this.#break(`message ${last} was not heard, only ${this.#delivered}`);
    // What was to be the last of what was there may have been removed before it was told.
    else this.#completed();
  }

  #tell(message: Msg): void {
    const { revision, delivery, pending } = placeOf(message.reply ?? "");
    if (delivery !== this.#delivered + 1) {
      this.#break(`message ${delivery} after ${this.#delivered}`);
      return;
    }
    this.#delivered = delivery;
    const operation = message.headers?.get("KV-Operation") ?? "";
    this.#o.told({
      subject: message.subject.slice(this.#prefix.length),
      revision,
      value: message.data,
      removed: operation === "DEL" || operation === "PURGE",
    });
    if (pending === 0) this.#completed();
  }

  #completed(): void {
    if (this.#complete || this.#ended) return;
    this.#complete = true;
    this.#o.complete();
  }

  #listen(): void {
    const { clock } = this.#o;
    this.#silence = clock.after(HEARTBEAT, () => {
      if (clock.now() - this.#heard < SILENCE) this.#listen();
      else this.#break("the server fell silent");
    });
  }

  #break(reason: string): void {
    this.close();
    this.#o.broken(reason);
  }
}

/**
 * What the subject for an acknowledgement says:
 * `$JS.ACK.[domain.account.]stream.consumer.deliveries.revision.delivery.time.pending[.more]`.
 *
 * @throws Error where it is none
 */
export function placeOf(reply: string): { revision: number; delivery: number; pending: number } {
  const tokens = reply.split(".");
  const at = tokens.length === 9 ? 5 : 7;
  const [revision, delivery, , pending] = tokens.slice(at, at + 4).map(Number);
  if (tokens.length < 9 || tokens[1] !== "ACK" || revision === undefined || !Number.isSafeInteger(pending))
    throw new Error(`"${reply}" names no place in a stream`);
  return { revision, delivery: delivery ?? 0, pending: pending ?? 0 };
}
