/** How far a state of a call has come. */
export interface Progress {
  /** There is a final response. */
  readonly answered: boolean;
  /** The number of the list from which on whoever has it went on with it. */
  readonly since: number;
  /** When the call was in this state, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Of two states of a call the one that is right, where two members have gone on with it. Whoever has a final response has
 * the later state, whatever list it went by: who was asleep and wakes up goes on from what it had.
 */
export function isLater(one: Progress, other: Progress): boolean {
  if (one.answered !== other.answered) return one.answered;
  if (one.since !== other.since) return one.since > other.since;
  return one.at > other.at;
}
