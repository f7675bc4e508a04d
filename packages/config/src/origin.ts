/** Where a value was set: a line of the file, or a variable; neither for a default. */
export interface Place {
  readonly line?: number;
  readonly variable?: string;
}

/** Finds where the value at a path (or, if it is absent, what it is absent from) was set. */
export type Origin = (path: readonly PropertyKey[]) => Place;
