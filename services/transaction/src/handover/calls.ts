import type { Entry } from "../entry.ts";
import type { CallState } from "./call-state.ts";

/** The calls that are owned here, as the handover sees them. */
export interface Calls {
  entries(): Iterable<Entry>;
  find(key: string): Entry | undefined;
  /** Goes on with what another member had. Throws where it cannot. */
  adopt(state: CallState, since: number): Entry;
  /**
   * Forgets a call that another member goes on with. `kept`: that one has all that happened to it here; else messages that
   * were not confirmed are left to be sent again.
   */
  letGo(entry: Entry, kept: boolean): void;
  /**
   * The outputs that waited for the copy of that number, and for those before it, may leave. `refusals`: final responses
   * other than 2xx among them, too; else they go no further than to the first.
   */
  release(entry: Entry, number: number, refusals: boolean): void;
}
