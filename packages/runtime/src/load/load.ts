/** What a piece of work is: a call, a SIP message, or a request of another service. */
export type Work = "calls" | "messages" | "requests";

export const WORK: readonly Work[] = ["calls", "messages", "requests"];

/** How much a service has to do. */
export interface Load {
  readonly work: Work;
  /** Pieces of work that began since the service started. Never goes down. */
  readonly begun: number;
  /** Pieces of work that are under way now; absent: nobody counts them. */
  readonly inProgress?: number;
}

/** What a process tells of its load, about once a second. */
export interface LoadReport {
  /** As presence names it: another one after each start, so that counters never go back. */
  readonly instance: string;
  /** The Kubernetes pod that the process is; absent: none. */
  readonly pod?: string;
  readonly node: string;
  /** Milliseconds of the sender's clock. Means something beside other reports of the same instance only. */
  readonly at: number;
  /**
   * Milliseconds that work waited for the event loop since the report before: mean and longest. All that a process does
   * waits in this one queue.
   */
  readonly delay: { readonly mean: number; readonly longest: number };
  /** By the target's name: "transaction". */
  readonly targets: Readonly<Record<string, Load>>;
}

/** The subject of reports. */
export const LOAD_SUBJECT = "sipmesh.load";

/** A report is small: what is longer is none. Octets. */
const LONGEST_REPORT = 8192;
/** Characters of a name. Kubernetes allows 253. */
const LONGEST_NAME = 253;
const MOST_TARGETS = 32;

export function encodeReport(report: LoadReport): Uint8Array {
  return Buffer.from(JSON.stringify(report));
}

/** @throws Error where it is no report */
export function decodeReport(payload: Uint8Array): LoadReport {
  if (payload.length > LONGEST_REPORT) throw new Error(`a load report of ${payload.length} octets`);
  const report = JSON.parse(Buffer.from(payload).toString()) as LoadReport;
  const { instance, pod, node, at, delay, targets } = report;
  const named = isName(instance) && isName(node) && (pod === undefined || isName(pod));
  if (!named || !isAmount(at) || !isAmount(delay?.mean) || !isAmount(delay?.longest)) throw notOurs();
  if (typeof targets !== "object" || targets === null) throw notOurs();
  const loads = Object.entries(targets);
  if (loads.length > MOST_TARGETS || !loads.every(([name, load]) => isName(name) && isLoad(load))) throw notOurs();
  return report;
}

function isLoad({ work, begun, inProgress }: Load): boolean {
  return WORK.includes(work) && isAmount(begun) && (inProgress === undefined || isAmount(inProgress));
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME;
}

function isAmount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function notOurs(): Error {
  return new Error("a load report of an unknown kind");
}
