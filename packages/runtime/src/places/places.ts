import type { Clock, Timer } from "@sipmesh/environment";
import type { Change, Store, Watch } from "@sipmesh/store";
import { decodeNode, decodeService, type NodePlace, nodeKey, PLACES, type ServicePlace, serviceKey } from "./place.ts";

/** Milliseconds until a store that did not answer is asked again. */
const AGAIN_AFTER = 1000;

export interface PlacesOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Nodes and Services that are of interest, by name. */
  readonly nodes?: readonly string[];
  readonly services?: readonly string[];
  /** One of them is elsewhere now. */
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

/** What Kubernetes says of places, as the controller has published it: followed, and known on while it is away. */
export class Places {
  /** Resolves once what was published is known. */
  readonly known: Promise<void>;
  readonly #o: PlacesOptions;
  readonly #keys: ReadonlySet<string>;
  readonly #values = new Map<string, Uint8Array>();
  #resolve = () => {};
  #watch: Watch | undefined;
  #again: Timer | undefined;
  #closed = false;

  constructor(options: PlacesOptions) {
    this.#o = options;
    const { nodes = [], services = [] } = options;
    this.#keys = new Set([...nodes.map(nodeKey), ...services.map(serviceKey)]);
    this.known = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    void this.#follow();
  }

  node(name: string): NodePlace | undefined {
    return this.#decoded(nodeKey(name), decodeNode);
  }

  service(name: string): ServicePlace | undefined {
    return this.#decoded(serviceKey(name), decodeService);
  }

  close(): void {
    this.#closed = true;
    this.#again?.cancel();
    this.#watch?.close();
    this.#resolve();
  }

  #decoded<T>(key: string, decode: (bytes: Uint8Array) => T): T | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    try {
      return decode(value);
    } catch (error) {
      // Another release may say it otherwise.
      this.#o.failed(error);
      return undefined;
    }
  }

  async #follow(): Promise<void> {
    const { store, clock, failed } = this.#o;
    try {
      const bucket = await store.bucket(PLACES);
      const watch = await bucket.watch((change) => this.#learn(change));
      if (this.#closed) watch.close();
      this.#watch = watch;
      this.#resolve();
    } catch (error) {
      if (this.#closed) return;
      failed(error);
      this.#again = clock.after(AGAIN_AFTER, () => void this.#follow());
    }
  }

  #learn(change: Change): void {
    if (!this.#keys.has(change.key)) return;
    if ("value" in change) this.#values.set(change.key, change.value);
    else this.#values.delete(change.key);
    this.#o.changed();
  }
}
