import { addressToward, type OwnAddress, type Route, readOwnAddresses, readRoutes } from "./routes.ts";

/** Milliseconds after which addresses and routes are read again: interfaces come and go. */
const KEPT = 5000;
/** Peers whose answer is remembered meanwhile. */
const PEERS = 10_000;

/** Which of our addresses faces which peer; read from the system every few seconds, remembered in between. */
export class Facing {
  #own: OwnAddress[] = [];
  #addresses: readonly string[] = [];
  #routes: Route[] = [];
  #read = Number.NEGATIVE_INFINITY;
  readonly #toward = new Map<string, string>();

  #refresh(): void {
    const now = performance.now();
    if (now - this.#read < KEPT) return;
    this.#read = now;
    this.#own = readOwnAddresses();
    this.#addresses = this.#own.map((own) => own.address);
    this.#routes = readRoutes();
    this.#toward.clear();
  }

  addresses(): readonly string[] {
    this.#refresh();
    return this.#addresses;
  }

  toward(remote: string): string {
    this.#refresh();
    const known = this.#toward.get(remote);
    if (known !== undefined) return known;
    const found = addressToward(remote, this.#own, this.#routes);
    if (this.#toward.size < PEERS) this.#toward.set(remote, found);
    return found;
  }
}
