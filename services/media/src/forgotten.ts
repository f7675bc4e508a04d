import type { Clock, Timer } from "@sipmesh/environment";
import type { Bucket } from "@sipmesh/store";
import { decodeSession } from "./kept-session.ts";

/** How often it is looked for, in milliseconds. */
const LOOK = 3_600_000;

export interface ForgottenOptions {
  readonly bucket: Bucket;
  readonly clock: Clock;
  /** Milliseconds that a session may last. */
  readonly longest: number;
  readonly failed: (error: unknown) => void;
}

/**
 * Removes what relays have left that nobody followed, as of a node that was taken away: sessions that began so long ago
 * that they cannot be any more.
 */
export function removeForgotten({ bucket, clock, longest, failed }: ForgottenOptions): { close(): void } {
  let timer: Timer;
  let closed = false;

  async function look(): Promise<void> {
    // Another relay may allow twice as long.
    const before = clock.now() - 2 * longest;
    for await (const { key, value, revision } of bucket.entries()) {
      if (beginningOf(value) < before) await bucket.remove(key, revision);
    }
  }
  function arm(): void {
    timer = clock.after(LOOK, () => {
      void look()
        .catch(failed)
        .finally(() => {
          if (!closed) arm();
        });
    });
  }
  arm();
  return {
    close() {
      closed = true;
      timer.cancel();
    },
  };
}

/** What cannot be read belongs to a relay of another version. */
function beginningOf(value: Uint8Array): number {
  try {
    return decodeSession(value).began;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
