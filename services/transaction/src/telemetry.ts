import { attribute, type Catalogue, event, type MetricDefinition, type SpanDefinition } from "@sipmesh/telemetry";

export const metrics = {
  transactions: {
    name: "sipmesh_transactions_total",
    help: "Transactions begun, by `side` (server, client) and `kind` (invite, non-invite).",
    labels: ["side", "kind"],
  },
  live: {
    name: "sipmesh_transactions",
    help: "Transactions kept now, by `side`; those included that only absorb retransmissions.",
    labels: ["side"],
  },
  responses: {
    name: "sipmesh_transaction_responses_total",
    help: "Final responses sent to who asked, by method and class (2xx … 6xx).",
    labels: ["method", "class"],
  },
  calls: {
    name: "sipmesh_calls_total",
    help: "Calls attempted (INVITE outside a dialog), by outcome: answered, cancelled, refused, failed.",
    labels: ["outcome"],
  },
  settingUp: { name: "sipmesh_calls_in_setup", help: "Calls that ring or are on their way." },
  setupSeconds: {
    name: "sipmesh_call_setup_seconds",
    help: "From the INVITE to its first final response.",
    unit: "seconds",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160],
  },
  retransmissions: {
    name: "sipmesh_transaction_retransmissions_total",
    help: "Messages that came again or were sent again, by direction: received, sent.",
    labels: ["direction"],
  },
  drops: {
    name: "sipmesh_transaction_dropped_messages_total",
    help: "Messages that nothing was done with, by reason.",
    labels: ["reason"],
  },
  overload: {
    name: "sipmesh_transaction_overload_total",
    help: "Requests answered 503 because the bound on transactions was reached.",
  },
  passed: {
    name: "sipmesh_transaction_passed_on_total",
    help: "Messages passed on to the member that owns their call.",
  },
  asked: {
    name: "sipmesh_transaction_waiting",
    help: "Questions to routing, location and media that have not been answered yet.",
  },
  unanswered: {
    name: "sipmesh_transaction_service_failures_total",
    help: "Questions to other services that ended without an answer, by service and code.",
    labels: ["service", "code"],
  },
  handover: {
    name: "sipmesh_transaction_handover_total",
    help: "What was done so that calls outlive their owner, by what: copied (a state sent to the successor), unheard (a call went on though the successor did not confirm), overflow (it went on without a copy, there being too many), handed-over (a call sent to its new owner), adopted (a call gone on with that another owned), deposed (a call let go of because another had gone on with it), asked (a call asked for at former owners), lost (handed over, and nobody confirmed).",
    labels: ["what"],
  },
  kept: { name: "sipmesh_transaction_kept_copies", help: "Copies of calls that other members own." },
  exceptions: {
    name: "sipmesh_transaction_exceptions_total",
    help: "Exceptions that were caught and answered, by where.",
    labels: ["where"],
  },
} as const satisfies Record<string, MetricDefinition>;

/** Label values of the handover counter. */
export const handoverSteps = [
  "copied",
  "unheard",
  "overflow",
  "handed-over",
  "adopted",
  "deposed",
  "asked",
  "lost",
] as const;

export type HandoverStep = (typeof handoverSteps)[number];

export const spans = {
  server: {
    name: "transaction.server",
    kind: "server",
    help: "A request, from its arrival to its final response.",
  },
  client: {
    name: "transaction.client",
    kind: "client",
    help: "One copy of the request on its way to one target, to its final response.",
  },
  ack: {
    name: "transaction.ack",
    help: "An ACK for a 2xx on its way to who sent that: a transaction of its own that nobody answers.",
  },
} as const satisfies Record<string, SpanDefinition>;

/** Why a message was dropped: label values of the drop counter. */
export const errors = [
  { code: "ack-outside-dialog", help: "An ACK whose Route bears no valid token of ours." },
  { code: "ack-answered-here", help: "The ACK to an answer of our own that nobody need remember." },
  { code: "ack-too-many-hops", help: "An ACK that may go no further." },
  { code: "ack-loop", help: "An ACK that passed here before." },
  { code: "ack-no-way", help: "An ACK whose next hop could not be found." },
  { code: "response-unknown", help: "A response that answers nothing we sent (RFC 6026 section 8.9)." },
  { code: "response-no-flow", help: "A response whose way back is gone." },
  { code: "no-edge", help: "A message for which there is no edge to send it." },
  {
    code: "unconfirmed",
    help: "A message to leave over a connection that its edge never confirmed, or that could not be kept for want of room.",
  },
  {
    code: "passed-on",
    help: "A message of a call that another member has gone on with, while this one is taken for its owner: it comes again.",
  },
  { code: "late", help: "An answer or a failure of a transaction that is gone." },
] as const;

export type DropReason = (typeof errors)[number]["code"];

export const catalogue: Catalogue = {
  metrics: Object.values(metrics),
  spans: Object.values(spans),
  subjects: [{ name: "sipmesh.transaction.<member>", help: "Messages of the calls that this member owns." }],
  errors,
};

export { attribute, event };
