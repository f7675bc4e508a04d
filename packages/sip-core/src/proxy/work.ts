import type { Draft, Request, Response } from "@sipmesh/sip";
import type { Step } from "../step.ts";
import type { Branch, Owner, ProxyEffect, ProxyTimer, ProxyTools, ResponseContext } from "./response-context.ts";

/** The one empty list: thousands of contexts that are over share it. */
export const NONE: readonly never[] = [];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What a transaction tells its user, the proxy core. */
export type Report =
  | { readonly type: "response"; readonly branch: number; readonly message: Response; readonly source: string }
  | { readonly type: "failed"; readonly branch: number; readonly cause: "timeout" | "transport" }
  | { readonly type: "acknowledged"; readonly message: Request };

/**
 * One event being worked out: a copy of the context that may be written to until the step is done, what is to be done
 * in the world, and what the transactions have told the core meanwhile.
 */
export class Work {
  readonly context: Mutable<ResponseContext>;
  readonly tools: ProxyTools;
  readonly effects: ProxyEffect[] = [];
  readonly reports: Report[] = [];
  /** The event is a retransmission or makes one. */
  again = false;
  /** The edge that what is answered now came by, where it is not that of the context's flow. */
  edge: string | undefined;

  constructor(context: ResponseContext, tools: ProxyTools) {
    this.context = { ...context };
    this.tools = tools;
  }

  branch(index: number): Branch {
    const branch = this.context.branches[index];
    if (branch === undefined) throw new RangeError(`there is no branch ${index}`);
    return branch;
  }

  /** A copy of the branch in its place, to be written to. */
  edit(index: number): Mutable<Branch> {
    const branch = { ...this.branch(index) };
    this.context.branches = this.context.branches.with(index, branch);
    return branch;
  }

  start(owner: Owner, branch: number, timer: ProxyTimer, after: number): void {
    this.effects.push({ type: "start", owner, branch, timer, after });
  }

  stop(owner: Owner, branch: number): void {
    this.effects.push({ type: "stop", owner, branch });
  }

  respond(message: Draft, status: number): void {
    const { again, edge } = this;
    this.effects.push({ type: "respond", message, status, again, ...(edge !== undefined && { edge }) });
  }

  get done(): Step<ResponseContext, ProxyEffect> {
    return { state: this.context, effects: this.effects };
  }
}
