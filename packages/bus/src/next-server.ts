import type { Server } from "@nats-io/nats-core";

/**
 * Which server of NATS is tried next when a connection is lost: those first of which the servers told, for their addresses
 * stand for one server each and need no DNS. A name may lead to the very server that is gone, and its DNS be gone with it.
 * Each is tried once before any is tried again, the one that was lost last.
 */
export class NextServer {
  /** By "host:port": since the last connection. */
  readonly #tried = new Set<string>();

  /** @returns one of the pool; null where that is empty */
  readonly choose = (pool: readonly Server[]): Server | null => {
    if (pool.every(({ listen }) => this.#tried.has(listen))) this.#tried.clear();
    const untried = pool.filter(({ listen }) => !this.#tried.has(listen));
    const next = untried.find(({ gossiped }) => gossiped) ?? untried[0];
    if (next === undefined) return null;
    this.#tried.add(next.listen);
    return next;
  };

  /** There is a connection to this server, "host:port". */
  connected(server: string): void {
    this.#tried.clear();
    this.#tried.add(server);
  }
}
