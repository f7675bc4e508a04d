import type { DynamicLibrary } from "node:ffi";
import { isMainThread } from "node:worker_threads";

/** The functions of the C library and of libuv that batched UDP calls, straight from the process that runs. */
const SYMBOLS = {
  __errno_location: { arguments: [], return: "pointer" },
  bind: { arguments: ["i32", "pointer", "u32"], return: "i32" },
  close: { arguments: ["i32"], return: "i32" },
  getsockname: { arguments: ["i32", "pointer", "pointer"], return: "i32" },
  getsockopt: { arguments: ["i32", "i32", "i32", "pointer", "pointer"], return: "i32" },
  if_nametoindex: { arguments: ["string"], return: "u32" },
  recvmmsg: { arguments: ["i32", "pointer", "u32", "i32", "pointer"], return: "i32" },
  sendmmsg: { arguments: ["i32", "pointer", "u32", "i32"], return: "i32" },
  setsockopt: { arguments: ["i32", "i32", "i32", "pointer", "u32"], return: "i32" },
  socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
  uv_close: { arguments: ["pointer", "pointer"], return: "void" },
  uv_handle_size: { arguments: ["i32"], return: "u64" },
  uv_poll_init: { arguments: ["pointer", "pointer", "i32"], return: "i32" },
  uv_poll_start: { arguments: ["pointer", "i32", "pointer"], return: "i32" },
  uv_poll_stop: { arguments: ["pointer"], return: "i32" },
} as const;

/** Those whose structures and numbers are known here: 64-bit pointers, little-endian. */
const ARCHITECTURES: ReadonlySet<string> = new Set(["x64", "arm64"]);

type Ffi = typeof import("node:ffi");

const open = (ffi: Ffi) => ffi.dlopen(null, SYMBOLS);

/** What the process offers to call, and where its memory is. */
export interface Foreign {
  readonly ffi: Ffi;
  readonly library: DynamicLibrary;
  readonly functions: ReturnType<typeof open>["functions"];
  /** The reason why the last of `functions` failed; to be read right after it. */
  errno(): number;
}

let found: Foreign | undefined | null = null;

/**
 * Foreign functions of this process, or undefined where there are none: another system, another memory layout, a Node.js
 * without them (`--no-experimental-ffi`), or a worker, whose loop must have no handles left when it is ended.
 */
export function foreign(): Foreign | undefined {
  if (found === null) found = find();
  return found;
}

function find(): Foreign | undefined {
  if (!isMainThread || process.platform !== "linux" || !ARCHITECTURES.has(process.arch)) return undefined;
  try {
    const ffi = quietly(() => process.getBuiltinModule("node:ffi"));
    if (ffi?.getCurrentEventLoop === undefined) return undefined;
    const { lib: library, functions } = open(ffi);
    // The address stays the same for as long as this thread lives.
    const errno = new Int32Array(ffi.toArrayBuffer(functions.__errno_location(), 4, false));
    return { ffi, library, functions, errno: () => errno[0] ?? 0 };
  } catch {
    // The symbols are not there, as with another C library.
    return undefined;
  }
}

/** The Node.js that we pin is the one that this is tested with: its warning would tell operators nothing. */
function quietly<T>(run: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}
