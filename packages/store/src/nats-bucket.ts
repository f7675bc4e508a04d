import { JetStreamApiCodes, JetStreamApiError, type JetStreamClient, StorageType } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import { headers, InvalidArgumentError, type NatsConnection, NoRespondersError } from "@nats-io/nats-core";
import type { Clock, Timer } from "@sipmesh/environment";
import { type FollowingOptions, NatsFollowing } from "./nats-following.ts";
import { decodeKey, encodeKey, filterFor } from "./nats-key.ts";
import { NatsWatch, valuesNow } from "./nats-watch.ts";
import {
  type Bucket,
  type Change,
  Conflict,
  type Entry,
  type Operation,
  StoreAway,
  type StoreObserver,
  type Watch,
} from "./store.ts";
import { Tombstones } from "./tombstones.ts";

export interface NatsBucketOptions {
  readonly name: string;
  /** Its name in JetStream. */
  readonly stored: string;
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly memory: boolean;
  readonly replicas: number;
  readonly clock: Clock;
  readonly deadline: number;
  /** Of a call that writes; no shorter. */
  readonly writeDeadline: number;
  readonly isConnected: () => boolean;
  readonly observer: StoreObserver | undefined;
}

/** Milliseconds until a JetStream that did not answer is asked again. */
const PROBE_AFTER = 500;
/** How often a call is tried within the deadline of most where nobody answers it. */
const ATTEMPTS = 3;
/** How much longer an answer is awaited from one try to the next: many calls that wait for a leader are no storm. */
const GROWTH = 1.5;
/** Milliseconds until a call that failed is tried again. */
const AGAIN_AFTER = 50;
const WRITES: ReadonlySet<Operation> = new Set(["put", "create", "update", "remove"]);
/** Times the deadline that a walk over all values may take. */
const WALK = 10;

export class NatsBucket implements Bucket {
  readonly name: string;
  readonly #options: NatsBucketOptions;
  readonly #watches = new Set<NatsWatch>();
  readonly #tombstones: Tombstones;
  #opened: Promise<KV> | undefined;
  #answers = true;
  #probe: Timer | undefined;
  #closed = false;

  constructor(options: NatsBucketOptions) {
    this.name = options.name;
    this.#options = options;
    this.#tombstones = new Tombstones(options.clock, (key, revision) => this.#bury(key, revision));
  }

  /** JetStream answered the last call in time. */
  get answers(): boolean {
    return this.#answers;
  }

  /** Makes the bucket where it is missing. @throws StoreAway */
  async open(): Promise<void> {
    await this.#call("get", "open", async () => {});
  }

  get(key: string): Promise<Entry | undefined> {
    return this.#call("get", key, async (kv) => {
      const found = await kv.get(encodeKey(key));
      return found === null || found.operation !== "PUT"
        ? undefined
        : { key, value: found.value, revision: found.revision };
    });
  }

  put(key: string, value: Uint8Array): Promise<number> {
    const copy = new Uint8Array(value);
    return this.#call("put", key, (kv) => kv.put(encodeKey(key), copy));
  }

  create(key: string, value: Uint8Array): Promise<number> {
    const copy = new Uint8Array(value);
    return this.#call("create", key, (kv) => kv.create(encodeKey(key), copy));
  }

  async update(key: string, value: Uint8Array, revision: number): Promise<number> {
    // 0 would mean "where there is none".
    if (!(revision > 0)) throw new Conflict(this.name, key);
    const copy = new Uint8Array(value);
    return this.#call("update", key, (kv) => kv.update(encodeKey(key), copy, revision));
  }

  async remove(key: string, revision?: number): Promise<void> {
    if (revision !== undefined && !(revision > 0)) throw new Conflict(this.name, key);
    const { jetstream } = this.#options;
    const tombstone = await this.#call("remove", key, async () => {
      const marks = headers();
      marks.set("KV-Operation", "DEL");
      if (revision !== undefined) marks.set("Nats-Expected-Last-Subject-Sequence", String(revision));
      const { seq } = await jetstream.publish(this.#subject(key), new Uint8Array(0), { headers: marks });
      return seq;
    });
    this.#tombstones.add(key, tombstone);
  }

  async *entries(prefix = ""): AsyncIterable<Entry> {
    const { clock, deadline } = this.#options;
    const filter = filterFor(prefix) ?? ">";
    const follow = this.#follow;
    const walk = async (kv: KV) => {
      await kv.status();
      return await valuesNow({ clock, follow, filter, within: deadline * WALK });
    };
    const found = await this.#call("entries", prefix, walk, WALK);
    for (const { subject, value, revision, removed } of found) {
      const key = decodeKey(subject);
      if (!removed && key.startsWith(prefix)) yield { key, value, revision };
    }
  }

  async watch(on: (change: Change) => void): Promise<Watch> {
    const watch = new NatsWatch({
      open: () => this.#call("watch", "values", (kv) => kv.status()),
      follow: this.#follow,
      on,
      clock: this.#options.clock,
      failed: (where, error) => this.#options.observer?.failed(where, error),
    });
    this.#watches.add(watch);
    try {
      await this.#call("watch", "values", () => watch.start(), WALK);
    } catch (error) {
      this.#watches.delete(watch);
      watch.close();
      throw error;
    }
    return {
      close: () => {
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  /** The server may be another one, or may have lost what it kept in memory. */
  reconnected(): void {
    this.#opened = undefined;
    this.#answering();
    for (const watch of this.#watches) watch.restart();
  }

  close(): void {
    this.#closed = true;
    this.#probe?.cancel();
    this.#tombstones.close();
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  #answering(): void {
    this.#answers = true;
    this.#probe?.cancel();
    this.#probe = undefined;
  }

  /** Asks again from time to time: whoever looks at the state may make no call until it is "connected". */
  #silent(): void {
    this.#answers = false;
    if (this.#closed) return;
    this.#probe?.cancel();
    this.#probe = this.#options.clock.after(PROBE_AFTER, () => {
      this.#call("get", "status", (kv) => kv.status()).catch(() => {});
    });
  }

  #subject(key: string): string {
    return `$KV.${this.#options.stored}.${encodeKey(key)}`;
  }

  readonly #follow = (
    options: Pick<FollowingOptions, "filter" | "told" | "complete" | "broken" | "failed">,
  ): NatsFollowing => {
    const { clock, connection, jetstream, stored } = this.#options;
    const manager = () => jetstream.jetstreamManager(false);
    return new NatsFollowing({ ...options, clock, connection, stored, manager });
  };

  async #bury(key: string, revision: number): Promise<void> {
    const { jetstream, stored } = this.#options;
    const manager = await jetstream.jetstreamManager(false);
    // Up to the tombstone and not beyond: a later value stays.
    await manager.streams.purge(`KV_${stored}`, { filter: this.#subject(key), seq: revision + 1 });
  }

  #kv(): Promise<KV> {
    const { jetstream, stored, memory, replicas } = this.#options;
    if (this.#opened === undefined) {
      const opened = new Kvm(jetstream).create(stored, {
        history: 1,
        replicas,
        storage: memory ? StorageType.Memory : StorageType.File,
        // Reads go to the leader: a replica may be behind.
        allow_direct: false,
      });
      this.#opened = opened;
      opened.catch(() => {
        if (this.#opened === opened) this.#opened = undefined;
      });
    }
    return this.#opened;
  }

  async #attempt<T>(run: (kv: KV) => Promise<T>): Promise<T> {
    try {
      return await run(await this.#kv());
    } catch (error) {
      if (!isBucketMissing(error)) throw error;
      // It was kept in memory by a server that has started anew.
      this.#opened = undefined;
      return await run(await this.#kv());
    }
  }

  /**
   * Settles within its deadline: with the value, a Conflict or StoreAway. What is not answered is tried again until then:
   * with several servers another one leads soon. A write that was carried out and not answered meets its own revision, a
   * Conflict, which tells the caller to read.
   */
  #call<T>(operation: Operation, what: string, run: (kv: KV) => Promise<T>, times = 1): Promise<T> {
    const { clock, deadline, isConnected, observer, writeDeadline } = this.#options;
    const started = clock.now();
    const within = WRITES.has(operation) ? writeDeadline : deadline * times;
    let patience = times === 1 ? deadline / ATTEMPTS : within;
    return new Promise<T>((resolve, reject) => {
      let last: unknown;
      let next: Timer | undefined;
      let ended = false;
      const end = (outcome: "ok" | "conflict" | "away" | "failed"): void => {
        ended = true;
        due.cancel();
        next?.cancel();
        observer?.answered(operation, outcome, clock.now() - started);
      };
      const giveUp = (): void => {
        if (isConnected()) this.#silent();
        end("away");
        reject(new StoreAway(`${operation} "${what}" in "${this.name}"`, last));
      };
      const fail = (error: unknown): void => {
        if (ended) return;
        if (isWrongRevision(error)) {
          end("conflict");
          reject(new Conflict(this.name, what));
        } else if (error instanceof InvalidArgumentError) {
          end("failed");
          reject(error);
        } else {
          last = error;
          next?.cancel();
          next = clock.after(AGAIN_AFTER, attempt);
        }
      };
      const attempt = (): void => {
        if (this.#closed) {
          giveUp();
          return;
        }
        next = clock.after(isConnected() ? patience : AGAIN_AFTER, attempt);
        if (!isConnected()) return;
        patience *= GROWTH;
        this.#attempt(run).then((value) => {
          if (ended) return;
          this.#answering();
          end("ok");
          resolve(value);
        }, fail);
      };
      const due = clock.after(within, giveUp);
      attempt();
    });
  }
}

function isWrongRevision(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
      error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}

function isBucketMissing(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === JetStreamApiCodes.StreamNotFound;
  const cause = (error as { cause?: unknown } | null)?.cause;
  return error instanceof NoRespondersError || cause instanceof NoRespondersError;
}
