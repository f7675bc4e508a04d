import type { Foreign } from "./foreign.ts";
import { INET6_SIZE, WORDS } from "./socket-address.ts";

/** Messages of one batch. */
export const BATCH = 32;

/** 32-bit words of the system's `struct mmsghdr` and `struct iovec` with 64-bit pointers. */
const HEADER = 16;
const VECTOR = 4;

/** Where in a header, in words: the peer's address and its size, the vector, how many, and the bytes that came. */
const NAME = 0;
const NAME_SIZE = 2;
const VECTORS = 4;
const VECTOR_COUNT = 6;
const LENGTH = 14;

const NAMES = BATCH * HEADER;
const IOVECS = NAMES + BATCH * WORDS;
const DATA = IOVECS + BATCH * VECTOR;

const HIGH = 2 ** 32;

/**
 * The memory that `recvmmsg` and `sendmmsg` (Linux) work on: headers, peers' addresses and bytes of up to `BATCH` messages in
 * one block, which never moves.
 */
export class MessageBatch {
  /** All but the bytes of the messages. */
  readonly words: Uint32Array;
  readonly data: Buffer;
  /** The first header's address. */
  readonly pointer: bigint;
  readonly #dataAddress: number;

  constructor(foreign: Foreign, bytes: number) {
    const memory = new ArrayBuffer(4 * DATA + bytes);
    this.words = new Uint32Array(memory, 0, DATA);
    this.data = Buffer.from(memory, 4 * DATA);
    this.pointer = foreign.ffi.getRawPointer(memory);
    const address = Number(this.pointer);
    this.#dataAddress = address + 4 * DATA;
    for (let i = 0; i < BATCH; i++) {
      const header = i * HEADER;
      this.#address(header + NAME, address + 4 * this.name(i));
      this.#address(header + VECTORS, address + 4 * (IOVECS + i * VECTOR));
      this.words[header + VECTOR_COUNT] = 1;
    }
  }

  /** The word at which the peer's address of a message stands. */
  name(message: number): number {
    return NAMES + message * WORDS;
  }

  /** Room for an address of either family: the system overwrites it with the size of the one that it put there. */
  makeRoomForName(message: number): void {
    this.words[message * HEADER + NAME_SIZE] = INET6_SIZE;
  }

  setNameSize(message: number, bytes: number): void {
    this.words[message * HEADER + NAME_SIZE] = bytes;
  }

  /** Which bytes of `data` are the message's. */
  setData(message: number, from: number, length: number): void {
    const vector = IOVECS + message * VECTOR;
    this.#address(vector, this.#dataAddress + from);
    this.words[vector + 2] = length;
  }

  /** Bytes that came. */
  lengthOf(message: number): number {
    return this.words[message * HEADER + LENGTH] ?? 0;
  }

  /** The address of a message's header: where a batch goes on. */
  header(message: number): bigint {
    return this.pointer + BigInt(4 * HEADER * message);
  }

  #address(word: number, address: number): void {
    this.words[word] = address % HIGH;
    this.words[word + 1] = Math.floor(address / HIGH);
  }
}
