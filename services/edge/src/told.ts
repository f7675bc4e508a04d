import type { Address } from "@sipmesh/sip";

/** Former addresses that are remembered; flows of before are gone by then. */
const REMEMBERED = 8;

/** What peers are told of a bound socket, now and before. */
export class Told {
  #now: Address;
  #formerly: readonly Address[] = [];

  constructor(now: Address) {
    this.#now = now;
  }

  get now(): Address {
    return this.#now;
  }

  /** The latest first. */
  get formerly(): readonly Address[] {
    return this.#formerly;
  }

  /** @returns whether it is another one */
  become(address: Address): boolean {
    if (isSame(address, this.#now)) return false;
    const before = [this.#now, ...this.#formerly].filter((one) => !isSame(one, address));
    this.#formerly = before.slice(0, REMEMBERED);
    this.#now = address;
    return true;
  }

  /** Whether this is or was it. */
  includes(address: Address): boolean {
    return isSame(address, this.#now) || this.#formerly.some((one) => isSame(one, address));
  }
}

function isSame(one: Address, other: Address): boolean {
  return one === other || (one.port === other.port && one.address === other.address);
}
