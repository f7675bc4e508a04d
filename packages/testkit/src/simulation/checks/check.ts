import type { Sighting } from "../sip-tap.ts";

/** What a simulation must not show. */
export interface Violation {
  /** Which rule, in a few words. */
  readonly rule: string;
  readonly what: string;
  /** The call that shows it, where it is one. */
  readonly callId?: string;
}

/** Where the platform is: the addresses of its edges. */
export type IsPlatform = (address: string) => boolean;

/** A rule that is checked while messages pass, and once more at the end. */
export interface Check {
  see(sighting: Sighting): void;
  /** What is wrong, when everything has come to rest at `now` (milliseconds since the beginning). */
  verdict(now: number): Violation[];
}
