import { canonicalAddress, isPrivate, type Place } from "@sipmesh/sdp";

/** What is known of a peer before its first packet. */
export interface Expected {
  /** Where its description wants packets. */
  readonly given: Place | undefined;
  /** The address that its signalling came from; empty where that is not known. */
  readonly source: string;
  /** Take whoever sends first, wherever from. */
  readonly anybody: boolean;
}

/** What must be known of a latch to go on where another process ended. */
export interface Kept {
  readonly address: string;
  readonly port: number;
  readonly locked: boolean;
}

const LOOPBACK = /^(127\.|::1$)/;

/** Private addresses stand for a network behind a NAT: then signalling tells better where the peer is. */
function mayComeFrom(address: string, expected: Expected): boolean {
  const { given, source, anybody } = expected;
  if (anybody || address === given?.address) return true;
  if (source !== "" && address === source) return true;
  // Who describes the place that it calls from is hidden behind nothing: nobody else on its network speaks for it.
  const hidden = given === undefined || (isPrivate(given.address) && given.address !== source);
  return hidden && (source === "" || (isPrivate(source) && isPrivate(address)));
}

/**
 * Symmetric RTP (RFC 4961) of one peer on one port: packets go where its description says until one comes from it;
 * that one's source is learnt, once, and locked until the next offer/answer exchange. Packets from elsewhere are
 * refused. It decides without allocating.
 */
export class Latch {
  #expected: Expected = { given: undefined, source: "", anybody: false };
  #locked = false;
  #formerAddress = "";
  #formerPort = 0;
  readonly #learnt: () => void;
  /** Where packets to this peer go; an empty address: nowhere. */
  address = "";
  port = 0;

  /** @param learnt told when it has learnt where its peer is: once after each exchange */
  constructor(learnt: () => void = () => {}) {
    this.#learnt = learnt;
  }

  get kept(): Kept {
    return { address: this.address, port: this.port, locked: this.#locked };
  }

  /** Goes on where another one ended, which expected the same. */
  takeUp({ address, port, locked }: Kept): void {
    this.address = address;
    this.port = port;
    this.#locked = locked;
  }

  /** An exchange was completed: the peer may have moved. */
  expect(expected: Expected): void {
    const source = canonicalAddress(expected.source);
    const before = this.#expected.given;
    // A stranger's description must not make us send to this host's own services.
    const reachable =
      expected.given !== undefined &&
      (!LOOPBACK.test(expected.given.address) || source === "" || LOOPBACK.test(source));
    const given = reachable ? expected.given : undefined;
    this.#expected = { given, source, anybody: expected.anybody };
    const moved = given?.address !== before?.address || given?.port !== before?.port;
    if (moved) {
      // What is still on its way from the former place must not be learnt again.
      this.#formerAddress = this.#locked ? this.address : "";
      this.#formerPort = this.port;
      this.address = given?.address ?? "";
      this.port = given?.port ?? 0;
    }
    this.#locked = false;
  }

  get locked(): boolean {
    return this.#locked;
  }

  /** Whether a packet from there is this peer's; learns where it is from the first that is. */
  admits(address: string, port: number): boolean {
    if (this.#locked) return port === this.port && address === this.address;
    return this.#learn(address, port);
  }

  /** Whether it is the very place that the description gave or that was learnt. */
  knows(address: string, port: number): boolean {
    return port === this.port && canonicalAddress(address) === canonicalAddress(this.address);
  }

  #learn(address: string, port: number): boolean {
    if (port === this.#formerPort && address === this.#formerAddress) return true;
    if (!mayComeFrom(canonicalAddress(address), this.#expected)) return false;
    this.address = address;
    this.port = port;
    this.#locked = true;
    this.#learnt();
    return true;
  }
}
