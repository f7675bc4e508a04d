import { flush, throwApart } from "./outbox.ts";

/** A socket that has something to read. */
export interface Reader {
  read(): void;
}

/** Those of this turn of the event loop. */
const ready = new Set<Reader>();

/** Has a socket read in this turn of the event loop, and all that this leads to leave at its end. */
export function readInTurn(reader: Reader): void {
  const isFirst = ready.size === 0;
  ready.add(reader);
  if (!isFirst) return;
  setImmediate(readReady);
  // Behind it, and behind the microtasks that it leaves: what was posted before has a flush of its own.
  setImmediate(flush);
}

function readReady(): void {
  const readers = [...ready];
  ready.clear();
  for (const reader of readers) {
    try {
      reader.read();
    } catch (error) {
      throwApart(error);
    }
  }
}
