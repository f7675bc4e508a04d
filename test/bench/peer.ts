/** A server under measurement. */
export interface Peer {
  readonly name: string;
  /** The processes whose CPU time counts, their descendants included. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}
