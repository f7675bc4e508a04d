import type { Foreign } from "./foreign.ts";

/** `UV_POLL` of libuv's handle types, `UV_READABLE` and `UV_WRITABLE` of its events. */
const POLL = 8;
const READABLE = 1;
const WRITABLE = 2;

/**
 * Who wants to know that a descriptor is ready. Called from within libuv: to note it and to come back later, where
 * exceptions and microtasks have their place. One that is thrown here ends the process.
 */
export interface Polled {
  readable(): void;
  writable(): void;
  /** libuv has stopped to watch the descriptor: an error waits on it. */
  faulty(): void;
}

/** Watches descriptors in this thread's event loop. */
export class Polling {
  readonly #foreign: Foreign;
  readonly #polled = new Map<bigint, Polled>();
  /** The handles' memory, which is libuv's until it has closed them. */
  readonly #memory = new Map<bigint, ArrayBuffer>();
  readonly #loop: bigint;
  readonly #size: number;
  readonly #ready: bigint;
  readonly #closed: bigint;

  constructor(foreign: Foreign) {
    const { ffi, library, functions } = foreign;
    this.#foreign = foreign;
    this.#loop = ffi.getCurrentEventLoop();
    this.#size = Number(functions.uv_handle_size(POLL));
    this.#ready = library.registerCallback(
      { arguments: ["pointer", "i32", "i32"], return: "void" },
      (handle, status, events) => {
        const polled = this.#polled.get(handle as bigint);
        if (polled === undefined) return;
        if (status < 0) polled.faulty();
        if ((events & READABLE) !== 0) polled.readable();
        if ((events & WRITABLE) !== 0) polled.writable();
      },
    );
    this.#closed = library.registerCallback({ arguments: ["pointer"], return: "void" }, (handle) => {
      this.#memory.delete(handle as bigint);
    });
  }

  /** Begins to watch; gives the handle, or undefined where the loop does not take the descriptor. */
  start(descriptor: number, polled: Polled): bigint | undefined {
    const { ffi, functions } = this.#foreign;
    const memory = new ArrayBuffer(this.#size);
    const handle = ffi.getRawPointer(memory);
    if (functions.uv_poll_init(this.#loop, handle, descriptor) !== 0) return undefined;
    this.#memory.set(handle, memory);
    this.#polled.set(handle, polled);
    this.watch(handle, false);
    return handle;
  }

  /** What to be told of: that there is something to read, and, where asked for, that there is room to write. */
  watch(handle: bigint, writable: boolean): void {
    this.#foreign.functions.uv_poll_start(handle, writable ? READABLE | WRITABLE : READABLE, this.#ready);
  }

  /** Ends it; the descriptor may be closed then. */
  stop(handle: bigint): void {
    if (!this.#polled.delete(handle)) return;
    this.#foreign.functions.uv_poll_stop(handle);
    this.#foreign.functions.uv_close(handle, this.#closed);
  }
}
