/** What a state machine of this package answers to an event: what it is now, and what is to be done, in order. */
export interface Step<S, E> {
  readonly state: S;
  readonly effects: readonly E[];
}

/** For the many events that ask for nothing. */
export const NO_EFFECTS: readonly never[] = [];
