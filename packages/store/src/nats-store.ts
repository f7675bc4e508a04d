import { type JetStreamClient, jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import type { Clock } from "@sipmesh/environment";
import { checkBucketName } from "./bucket-name.ts";
import { NatsBucket } from "./nats-bucket.ts";
import { type Bucket, type BucketOptions, type Store, StoreAway, type StoreObserver } from "./store.ts";

export interface NatsStoreOptions {
  readonly clock: Clock;
  /** Begins the names of the buckets: "sipmesh". */
  readonly prefix: string;
  /** Servers that keep each value: 1, 3 or 5. */
  readonly replicas?: number;
  /** Milliseconds that a call may take. */
  readonly deadline?: number;
  readonly observer?: StoreObserver | undefined;
}

const DEADLINE = 2000;

/**
 * A store in JetStream key-value buckets (nats-server 2.9 or newer). The connection belongs to the caller, who makes it
 * with `reconnect` and closes it after the store.
 */
export function natsStore(connection: NatsConnection, options: NatsStoreOptions): Store {
  return new NatsStore(connection, options);
}

class NatsStore implements Store {
  readonly #connection: NatsConnection;
  readonly #options: NatsStoreOptions;
  readonly #jetstream: JetStreamClient;
  readonly #buckets = new Map<string, NatsBucket>();
  #connected = true;
  #closed = false;

  constructor(connection: NatsConnection, options: NatsStoreOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#jetstream = jetstream(connection, { timeout: options.deadline ?? DEADLINE });
    void this.#follow();
  }

  /** Also "away" where NATS is there but JetStream did not answer the last call in time. */
  get state(): "connected" | "away" {
    const answering = [...this.#buckets.values()].every((bucket) => bucket.answers);
    return this.#closed || !this.#connected || !answering ? "away" : "connected";
  }

  async bucket(name: string, options: BucketOptions = {}): Promise<Bucket> {
    checkBucketName(name);
    if (this.#closed) throw new StoreAway(`the bucket "${name}" after the store was closed`);
    const known = this.#buckets.get(name);
    if (known !== undefined) return known;
    const deadline = this.#options.deadline ?? DEADLINE;
    const replicas = this.#options.replicas ?? 1;
    const bucket = new NatsBucket({
      name,
      stored: `${this.#options.prefix}-${name}`,
      connection: this.#connection,
      jetstream: this.#jetstream,
      memory: options.memory ?? false,
      replicas,
      clock: this.#options.clock,
      deadline,
      writeDeadline: replicas === 1 ? deadline : Math.max(deadline, options.electionPatience ?? 0),
      isConnected: () => this.#connected && !this.#closed,
      observer: this.#options.observer,
    });
    this.#buckets.set(name, bucket);
    try {
      await bucket.open();
    } catch (error) {
      this.#buckets.delete(name);
      bucket.close();
      throw error;
    }
    return bucket;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const bucket of this.#buckets.values()) bucket.close();
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (this.#closed) return;
      if (type === "disconnect" || type === "staleConnection") this.#connected = false;
      if (type === "reconnect") {
        this.#connected = true;
        for (const bucket of this.#buckets.values()) bucket.reconnected();
      }
    }
    this.#connected = false;
  }
}
