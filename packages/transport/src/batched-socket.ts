import { getSystemErrorName } from "node:util";
import type { Address } from "@sipmesh/sip";
import {
  addressOf,
  EAGAIN,
  EBADF,
  EINTR,
  familyOf,
  openDescriptor,
  optionOf,
  SO_ERROR,
  SO_RCVBUF,
} from "./descriptor.ts";
import { type Foreign, foreign } from "./foreign.ts";
import { type Reader, readInTurn } from "./inbox.ts";
import { BATCH, MessageBatch } from "./message-batch.ts";
import type { UdpOptions, UdpSocket } from "./network.ts";
import { type Datagram, post, type Sender, throwApart } from "./outbox.ts";
import { type Polled, Polling } from "./polling.ts";
import { SocketAddresses } from "./socket-address.ts";

/** Bytes that the longest datagram has, and more. */
const LONGEST = 65_536;

/** Bytes that the datagrams of one system call may have together; no datagram that the system takes has more. */
const OUTGOING = 262_144;

/** Batches that one socket may read before others get their turn. */
const ROUNDS = 4;

/** Datagrams that may wait: for the end of this turn, or while the system has no room for them. */
const WAITING = 4096;

/** What all batched sockets of this thread share. */
interface Shared {
  readonly foreign: Foreign;
  readonly polling: Polling;
  readonly addresses: SocketAddresses;
  readonly inbox: MessageBatch;
  readonly outgoing: MessageBatch;
}

const sharedBy = new WeakMap<Foreign, Shared>();

function share(system: Foreign): Shared {
  const inbox = new MessageBatch(system, BATCH * LONGEST);
  for (let i = 0; i < BATCH; i++) {
    inbox.setData(i, i * LONGEST, LONGEST);
    inbox.makeRoomForName(i);
  }
  return {
    foreign: system,
    polling: new Polling(system),
    addresses: new SocketAddresses((zone) => system.functions.if_nametoindex(zone)),
    inbox,
    outgoing: new MessageBatch(system, OUTGOING),
  };
}

/**
 * Binds a UDP socket that reads and sends many datagrams with one system call (`recvmmsg`, `sendmmsg`). Undefined where
 * this system has none, or refuses the socket: the one of Node.js then tells why.
 */
export function bindBatched(options: UdpOptions, system = foreign()): UdpSocket | undefined {
  if (system === undefined) return undefined;
  let descriptor: number | undefined;
  try {
    const shared = sharedBy.get(system) ?? share(system);
    sharedBy.set(system, shared);
    descriptor = openDescriptor(system, shared.addresses, options);
    return descriptor === undefined ? undefined : new BatchedSocket(shared, descriptor, options);
  } catch {
    if (descriptor !== undefined) system.functions.close(descriptor);
    return undefined;
  }
}

class BatchedSocket implements UdpSocket, Polled, Reader, Sender {
  readonly local;
  readonly batched = true;
  readonly receiveBuffer: number;
  readonly #shared: Shared;
  readonly #descriptor: number;
  readonly #handle: bigint;
  readonly #family: number;
  readonly #options: UdpOptions;
  #waiting: Datagram[] = [];
  #blocked = false;
  #closed = false;

  constructor(all: Shared, descriptor: number, options: UdpOptions) {
    this.#shared = all;
    this.#descriptor = descriptor;
    this.#options = options;
    this.#family = familyOf(options.address);
    this.local = addressOf(all.foreign, all.addresses, descriptor);
    this.receiveBuffer = optionOf(all.foreign, descriptor, SO_RCVBUF);
    const handle = all.polling.start(descriptor, this);
    if (handle === undefined) throw new Error("the event loop does not take the socket");
    this.#handle = handle;
  }

  send(bytes: Uint8Array, port: number, address: string, sent?: (error: Error | null) => void): void {
    const datagram = { bytes, port, address, sent };
    if (this.#waiting.length >= WAITING) this.sendWaiting();
    if (this.#closed) this.#refuse(datagram, EBADF);
    else if (this.#waiting.length >= WAITING) this.#refuse(datagram, EAGAIN);
    else if (this.#blocked) this.#waiting.push(kept(datagram));
    else if (this.#waiting.push(datagram) === 1) post(this);
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.sendWaiting();
      this.#closed = true;
      for (const datagram of this.#waiting.splice(0)) this.#refuse(datagram, EAGAIN);
      this.#shared.polling.stop(this.#handle);
      this.#shared.foreign.functions.close(this.#descriptor);
    }
    return Promise.resolve();
  }

  readable(): void {
    readInTurn(this);
  }

  writable(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#shared.polling.watch(this.#handle, false);
    post(this);
  }

  faulty(): void {
    setImmediate(() => {
      if (this.#closed) return;
      // Asking for the error takes it away, so that the descriptor can be watched on.
      const error = optionOf(this.#shared.foreign, this.#descriptor, SO_ERROR) || EBADF;
      this.#shared.polling.watch(this.#handle, this.#blocked);
      this.#failed(systemError("recv", error));
    });
  }

  /** Reads what has come. */
  read(): void {
    const { inbox, foreign: system } = this.#shared;
    const { recvmmsg } = system.functions;
    for (let round = 0; round < ROUNDS && !this.#closed; round++) {
      const count = recvmmsg(this.#descriptor, inbox.pointer, BATCH, 0, 0n);
      if (count < 0) {
        const error = system.errno();
        if (error !== EAGAIN && error !== EINTR) this.#failed(systemError("recv", error));
        return;
      }
      for (let i = 0; i < count; i++) this.#deliver(i);
      if (count < BATCH) return;
    }
  }

  #deliver(message: number): void {
    const { inbox, addresses } = this.#shared;
    const bytes = Buffer.allocUnsafe(inbox.lengthOf(message));
    const from = message * LONGEST;
    inbox.data.copy(bytes, 0, from, from + bytes.length);
    const source = addresses.read(inbox.words, inbox.name(message));
    inbox.makeRoomForName(message);
    if (this.#closed) return;
    try {
      this.#options.receive(bytes, source);
    } catch (error) {
      throwApart(error);
    }
  }

  sendWaiting(): void {
    if (this.#closed || this.#blocked) return;
    const datagrams = this.#waiting;
    this.#waiting = [];
    let begin = 0;
    while (begin < datagrams.length) {
      const end = this.#fill(datagrams, begin);
      const done = this.#sendBatch(datagrams, begin, end);
      if (done < end) {
        this.#block(datagrams.slice(done));
        return;
      }
      begin = end;
    }
  }

  /** Puts datagrams into the batch until it is full; gives the first that is not in it. */
  #fill(datagrams: readonly Datagram[], begin: number): number {
    const { outgoing, addresses } = this.#shared;
    let used = 0;
    let at = begin;
    for (; at < datagrams.length && at - begin < BATCH; at++) {
      const { bytes, port, address } = datagrams[at] as Datagram;
      // The system would refuse so much, too: of what is too long for the batch it gets as much as fits.
      const length = Math.min(bytes.length, OUTGOING);
      if (used + length > OUTGOING) break;
      const message = at - begin;
      const size = addresses.write(outgoing.words, outgoing.name(message), this.#family, address, port);
      outgoing.setNameSize(message, size);
      outgoing.setData(message, used, length);
      outgoing.data.set(length === bytes.length ? bytes : bytes.subarray(0, length), used);
      used += length;
    }
    return at;
  }

  /** Sends a batch; gives the first that the system has no room for now, `end` where there is none. */
  #sendBatch(datagrams: readonly Datagram[], begin: number, end: number): number {
    const { outgoing, foreign: system } = this.#shared;
    const { sendmmsg } = system.functions;
    let at = begin;
    while (at < end) {
      const count = sendmmsg(this.#descriptor, outgoing.header(at - begin), end - at, 0);
      if (count > 0) {
        for (const stop = at + count; at < stop; at++) this.#told(datagrams[at] as Datagram, null);
        continue;
      }
      const error = system.errno();
      if (error === EAGAIN) return at;
      if (error === EINTR) continue;
      this.#refuse(datagrams[at] as Datagram, error);
      at += 1;
    }
    return end;
  }

  #block(datagrams: readonly Datagram[]): void {
    this.#blocked = true;
    this.#waiting = datagrams.map(kept);
    this.#shared.polling.watch(this.#handle, true);
  }

  #refuse(datagram: Datagram, error: number): void {
    const { address, port } = datagram;
    this.#told(datagram, Object.assign(systemError("send", error), { address, port }));
  }

  #told({ sent, address, port }: Datagram, error: Error | null): void {
    if (sent !== undefined) queueMicrotask(() => sent(error));
    else if (error !== null) this.#failed(error, { address, port });
  }

  /** Later: whoever is told may close or send, and a batch is under way. */
  #failed(error: Error, to?: Address): void {
    queueMicrotask(() => {
      if (!this.#closed) this.#options.failed(error, to);
    });
  }
}

/** The bytes of one that has to wait beyond this turn may change. */
const kept = (datagram: Datagram): Datagram => ({ ...datagram, bytes: datagram.bytes.slice() });

function systemError(call: string, number: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-number);
  return Object.assign(new Error(`${call} ${code}`), { code, errno: -number, syscall: call });
}
