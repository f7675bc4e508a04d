import type { AuthenticateOutcome, Domain } from "@sipmesh/proto/directory";
import type { Flow } from "@sipmesh/proto/flow";
import type { Binding } from "@sipmesh/proto/location";
import type { Uri } from "@sipmesh/sip";
import type { Plan, Policy, Trunk } from "./plan.ts";
import type { Platform } from "./platform.ts";

/** What is known of a request as soon as it has arrived. */
export interface Facts {
  readonly method: string;
  readonly requestUri: string;
  /** Undefined: not a URI. */
  readonly uri: Uri | undefined;
  readonly from: Uri | undefined;
  readonly to: Uri | undefined;
  /** Of the topmost Route that is not ours. */
  readonly nextRoute: string | undefined;
  /** The trunk that the request came from. */
  readonly trunk: Trunk | undefined;
  /** Request-URIs that this response context has tried before. */
  readonly tried: ReadonlySet<string>;
  /** Whether the edge that a binding's flow names is there (RFC 5626). */
  readonly flows: FlowResolver;
  readonly platform: Platform;
  readonly plan: Plan;
}

/** The flow by which a peer can be reached now, or undefined where the one that it registered over is lost. */
export type FlowResolver = (flow: Flow) => Flow | undefined;

/** What the directory said of the credentials of a request. */
export interface Credentials {
  readonly outcome: AuthenticateOutcome;
  /** The canonical user. */
  readonly user: string;
  readonly reason: string;
}

/** Who a user or number of ours is. */
export interface Subscriber {
  readonly domain: string;
  readonly user: string;
}

/** What was asked on the way to a decision. Absent: not asked yet. `null`: asked, and there is none. */
export interface Answers {
  credentials?: Credentials;
  /** By the question's key. */
  readonly subscribers: Map<string, Subscriber | null>;
  /** By address of record. */
  readonly bindings: Map<string, readonly Binding[]>;
}

/** What must be known before a decision can be made. */
export type Question =
  | { readonly type: "credentials"; readonly domain: Domain }
  | {
      readonly type: "subscriber";
      readonly key: string;
      readonly domain: string;
      readonly user: string;
      readonly number: string;
    }
  | { readonly type: "bindings"; readonly addressOfRecord: string };

/** Where a request may go: the next hop is still to be located (RFC 3263). */
export interface TargetPlan {
  /** The Request-URI to send. */
  readonly uri: string;
  readonly route: readonly string[];
  readonly flow: Flow | undefined;
  /** 0 to 1000. */
  readonly q: number;
  readonly nat: boolean;
  /** The URI whose host is the next hop; undefined: only the flow leads there. */
  readonly locate: string | undefined;
}

/** What becomes of a request. */
export type Decision =
  | { readonly type: "proxy"; readonly targets: readonly TargetPlan[]; readonly policy: Policy; readonly by: string }
  | { readonly type: "redirect"; readonly status: number; readonly contacts: readonly string[] }
  | { readonly type: "reject"; readonly status: number; readonly reason: string }
  | { readonly type: "challenge"; readonly status: 401 | 407; readonly domain: Domain; readonly stale: boolean }
  | { readonly type: "register"; readonly addressOfRecord: string }
  | { readonly type: "answer" };

/** A decision and who authenticated, or what must be known first. */
export type Step =
  | { readonly type: "decided"; readonly decision: Decision; readonly identity: string }
  | { readonly type: "ask"; readonly question: Question };
