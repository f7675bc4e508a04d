import type { Clock, Timer } from "@sipmesh/environment";
import type { DirectoryService, Domain } from "@sipmesh/proto/directory";
import type { Client } from "@sipmesh/rpc";

export interface DomainsOptions {
  readonly clock: Clock;
  readonly directory: Client<typeof DirectoryService>;
  /** Milliseconds after which they are asked for again. */
  readonly interval: number;
  readonly deadline: number;
  changed(domains: readonly Domain[]): void;
  failed(error: unknown): void;
}

/** Milliseconds between two tries as long as the directory has not answered at all. */
const FIRST_RETRY = 200;

/** The domains as the directory last told them: kept fresh, and kept while the directory is away. */
export class Domains {
  readonly #options: DomainsOptions;
  #version: bigint | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: DomainsOptions) {
    this.#options = options;
  }

  get known(): boolean {
    return this.#version !== undefined;
  }

  /** Asks now and from then on again and again, until `stop`. */
  async start(): Promise<void> {
    const { clock, directory, deadline, interval, changed, failed } = this.#options;
    try {
      const reply = await directory.domains({}, { deadline, repeatable: true });
      if (reply.version !== this.#version) {
        this.#version = reply.version;
        changed(reply.domains);
      }
    } catch (error) {
      failed(error);
    }
    if (this.#stopped) return;
    this.#timer = clock.after(this.known ? interval : FIRST_RETRY, () => void this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
