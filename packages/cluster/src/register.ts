/** What the cluster needs of a bucket of the store. */
export interface Register {
  get(key: string): Promise<{ value: Uint8Array; revision: number } | undefined>;
  /** @throws an error with the code "store-conflict" where there is a value */
  create(key: string, value: Uint8Array): Promise<number>;
  /** @throws an error with the code "store-conflict" where the value has changed */
  update(key: string, value: Uint8Array, revision: number): Promise<number>;
  watch(
    on: (
      change:
        | { readonly key: string; readonly value: Uint8Array; readonly revision: number }
        | { readonly key: string; readonly removed: true },
    ) => void,
  ): Promise<{ close(): void }>;
}

/** What it needs of the bus. */
export interface Signals {
  signal(subject: string, payload: Uint8Array): void;
  listen(subject: string, receive: (payload: Uint8Array) => void): { close(): void };
  readonly state: "connected" | "away";
  /** Milliseconds since the latest signal of ours was sent that has come back to us. */
  readonly silence: number;
}
