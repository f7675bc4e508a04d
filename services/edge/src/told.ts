import { type Address, isSameAddress } from "@sipmesh/sip";

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
    if (isSameAddress(address, this.#now)) return false;
    const before = [this.#now, ...this.#formerly].filter((one) => !isSameAddress(one, address));
    this.#formerly = before.slice(0, REMEMBERED);
    this.#now = address;
    return true;
  }

  /** Whether this is or was it. */
  includes(address: Address): boolean {
    return isSameAddress(address, this.#now) || this.#formerly.some((one) => isSameAddress(one, address));
  }
}
