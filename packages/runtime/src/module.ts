import type { ConfigSection } from "@sipmesh/config";
import type { Catalogue } from "@sipmesh/telemetry";
import type { Context } from "./context.ts";
import type { Load } from "./load/load.ts";

/** Whether new work may be sent here, and what stands against it. */
export type Readiness = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** A service as the launcher knows it. */
export interface Module<C = unknown> {
  /** The target's name: "edge". */
  readonly name: string;
  /** Targets that start before it where they run in the same process. */
  readonly needs: readonly string[];
  /** Runs only where it is named: `all` leaves it out, because it is of use in some surroundings only. */
  readonly onlyByName?: true;
  readonly section: ConfigSection<C>;
  readonly catalogue: Catalogue;
  /** It becomes ready only when others have found it, as an edge does. Else presence tells of it once it is ready. */
  readonly foundBeforeReady?: true;
  start(context: Context, config: C): Promise<Service>;
}

/** A module that was started. */
export interface Service {
  ready(): Readiness;
  /** For people: what `GET /state` shows, as JSON. */
  state(): unknown;
  /**
   * Takes no new work, and goes on with what it has for as long as that lasts: for what can only be ended, not handed
   * over. The others see it as before, marked as leaving.
   *
   * @param within milliseconds that it may take at most
   */
  linger?(within: number): Promise<void>;
  /** How much it has to do: told to all about once a second, for who scales the platform and who watches it. */
  load?(): Load;
  /** Takes no new work and hands over what it has. */
  leave?(): Promise<void>;
  /** Ends every socket, timer and subscription that it made. */
  stop(): Promise<void>;
}
