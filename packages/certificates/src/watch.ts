import type { Clock, Timer } from "@sipmesh/environment";
import { type Identity, type IdentityFiles, readIdentity } from "./identity.ts";

/**
 * Milliseconds between two looks. The files are read, not watched: Kubernetes renews them by turning a symbolic link, which
 * no watch of a file sees, and to read three small files costs less than to be told.
 */
const LOOK = 10_000;

export interface WatchOptions {
  readonly clock: Clock;
  /** Milliseconds between two looks at the files. */
  readonly every?: number;
  /** Told what is wrong with the files, once for each trouble; what was read before stays in use. */
  readonly failed?: (error: unknown) => void;
}

/** An identity that follows its files. */
export interface WatchedIdentity {
  readonly current: Identity;
  /** Runs after each change; what it returns ends that. */
  onChange(run: (identity: Identity) => void): () => void;
  close(): void;
}

/**
 * Reads the files now, and again for as long as it is not closed: whoever begins a connection uses `current`.
 * @throws CertificateError where the files cannot be used at the start
 */
export async function watchIdentity(files: IdentityFiles, options: WatchOptions): Promise<WatchedIdentity> {
  const { clock, every = LOOK, failed } = options;
  const listeners = new Set<(identity: Identity) => void>();
  let current = await readIdentity(files);
  let trouble = { what: "", looks: 0 };
  let closed = false;
  let timer: Timer | undefined;
  const look = async (): Promise<void> => {
    try {
      const read = await readIdentity(files);
      trouble = { what: "", looks: 0 };
      if (!closed && !same(read, current)) {
        current = read;
        for (const run of listeners) run(read);
      }
    } catch (error) {
      // Files that are replaced one by one do not belong together for a moment: that is told when it lasts.
      const what = String(error);
      trouble = { what, looks: trouble.what === what ? trouble.looks + 1 : 1 };
      if (trouble.looks === 2 && !closed) failed?.(error);
    }
    if (!closed) timer = clock.after(every, () => void look());
  };
  timer = clock.after(every, () => void look());
  return {
    get current() {
      return current;
    },
    onChange(run) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
    close() {
      closed = true;
      timer?.cancel();
      listeners.clear();
    },
  };
}

function same(one: Identity, other: Identity): boolean {
  return one.ca.equals(other.ca) && one.certificate.equals(other.certificate) && one.key.equals(other.key);
}
