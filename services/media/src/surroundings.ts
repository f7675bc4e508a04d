import type { Clock } from "@sipmesh/environment";
import { externalOf, type NodePlace, Places } from "@sipmesh/runtime";
import type { Store } from "@sipmesh/store";
import type { MediaConfig } from "./config.ts";

export interface SurroundingsOptions {
  readonly config: Pick<MediaConfig, "node">;
  readonly clock: Clock;
  readonly store: Store;
  /** The node that this process runs on. */
  readonly node: string;
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

/** What Kubernetes says of the node that the relay is on; nothing where it is on none. */
export class Surroundings {
  readonly #node: () => NodePlace | undefined;
  readonly #places: Places | undefined;

  constructor({ config, clock, store, node, changed, failed }: SurroundingsOptions) {
    const places = config.node ? new Places({ store, clock, nodes: [node], changed, failed }) : undefined;
    this.#places = places;
    this.#node = () => places?.node(node);
  }

  /** The node is being emptied. */
  get emptied(): boolean {
    return this.#node()?.unschedulable === true;
  }

  /** What the world knows an address of the node by, where that is another one. */
  readonly external = (own: string): string | undefined => externalOf(this.#node(), own);

  close(): void {
    this.#places?.close();
  }
}
