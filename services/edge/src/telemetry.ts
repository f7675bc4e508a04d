import {
  attribute,
  type Catalogue,
  type Counter,
  type MetricDefinition,
  type Metrics,
  type SpanDefinition,
  type SubjectDefinition,
  sipAttributes,
} from "@sipmesh/telemetry";

export const messages: MetricDefinition = {
  name: "sipmesh_edge_messages_total",
  help: "SIP messages received (in) and sent (out), by transport and kind: request or response.",
  labels: ["direction", "transport", "kind"],
};
export const octets: MetricDefinition = {
  name: "sipmesh_edge_bytes_total",
  help: "Bytes received and sent, by transport.",
  unit: "By",
  labels: ["direction", "transport"],
};
export const dropped: MetricDefinition = {
  name: "sipmesh_edge_dropped_total",
  help: "Messages received that went no further, by reason: denied, rate, malformed, ack, no-member, bus, overload, exception; unconfirmed: one over a connection that its owner never confirmed, or that could not be kept for want of room.",
  labels: ["reason"],
};
export const problems: MetricDefinition = {
  name: "sipmesh_edge_problems_total",
  help: "Messages that were not well-formed, by the code of the first thing that was wrong.",
  labels: ["code"],
};
export const answered: MetricDefinition = {
  name: "sipmesh_edge_answers_total",
  help: "Requests that the edge answered by itself and without state, by status.",
  labels: ["status"],
};
export const sendFailures: MetricDefinition = {
  name: "sipmesh_edge_send_failures_total",
  help: "Messages that could not be sent, by reason: flow-gone, no-socket, connect, queue, refused, exception.",
  labels: ["reason"],
};
export const keepAlives: MetricDefinition = {
  name: "sipmesh_edge_keep_alives_total",
  help: "Keep-alives (RFC 5626) received and sent, by transport.",
  labels: ["direction", "transport"],
};
export const socketErrors: MetricDefinition = {
  name: "sipmesh_edge_socket_errors_total",
  help: "Errors that the system reported of a socket, by transport.",
  labels: ["transport"],
};
export const exceptions: MetricDefinition = {
  name: "sipmesh_edge_exceptions_total",
  help: "Faults of the edge itself that were caught and answered or dropped.",
};
export const refusedConnections: MetricDefinition = {
  name: "sipmesh_edge_connections_refused_total",
  help: "Connections closed when they came, by reason: denied, full, source.",
  labels: ["reason"],
};
export const closedConnections: MetricDefinition = {
  name: "sipmesh_edge_connections_closed_total",
  help: "Connections that ended, by reason: peer, error, idle, unproven, slow, malformed, queue, leaving, stop.",
  labels: ["reason"],
};
export const connections: MetricDefinition = {
  name: "sipmesh_edge_connections",
  help: "Connections that stand or are being opened.",
};
export const unconfirmed: MetricDefinition = {
  name: "sipmesh_edge_unconfirmed",
  help: "Messages over connections that are kept until the owner of their call has confirmed them.",
};
export const pinged: MetricDefinition = {
  name: "sipmesh_edge_flows_pinged",
  help: "UDP flows of registered phones that are kept open by pings.",
};
export const sources: MetricDefinition = {
  name: "sipmesh_edge_sources",
  help: "Source addresses whose rate is remembered.",
};
export const receiveBuffer: MetricDefinition = {
  name: "sipmesh_edge_udp_receive_buffer_bytes",
  help: "The smallest receive buffer that the system granted to a UDP socket (4 MiB are asked for).",
  unit: "By",
};
export const batched: MetricDefinition = {
  name: "sipmesh_edge_udp_batched",
  help: "1 where datagrams share system calls (Linux, and a Node.js that has node:ffi), 0 where each has its own.",
};
export const loopDelay: MetricDefinition = {
  name: "sipmesh_edge_loop_delay_seconds",
  help: "How late a timer of the edge ran last: the delay of its event loop.",
  unit: "s",
};
export const selfChecks: MetricDefinition = {
  name: "sipmesh_edge_self_checks_total",
  help: "OPTIONS that the edge sent to itself through the whole platform, by outcome: passed or failed.",
  labels: ["outcome"],
};

export const refused: MetricDefinition = {
  name: "sipmesh_edge_refused_total",
  help: "Requests answered 503 before any work was queued, by precedence (emergency, priority, call, other) and reason: rate and set-ups (configured limits), busy (this edge works without a pause), owner (the owner of the call is slow), again (a copy of one that was refused).",
  labels: ["reason", "precedence"],
};
export const settingUp: MetricDefinition = {
  name: "sipmesh_edge_calls_setting_up",
  help: "Calls that came in at this edge and have no final response yet.",
};
export const firstAnswer: MetricDefinition = {
  name: "sipmesh_edge_first_answer_seconds",
  help: "From a call's INVITE to its first response, mostly 100 or 180: how long calls wait for their owners.",
  unit: "s",
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
};
export const busy: MetricDefinition = {
  name: "sipmesh_edge_busy_seconds",
  help: "For how long the event loop has worked without a pause; 0 where it had one lately.",
  unit: "s",
};
export const limit: MetricDefinition = {
  name: "sipmesh_edge_limit",
  help: "This edge's part of the configured limits, by limit: callsPerSecond, requestsPerSecond, setUps.",
  labels: ["of"],
};

export const receiveSpan: SpanDefinition = {
  name: "edge.receive",
  help: "A request was received, read, checked and handed to the owner of its call.",
  kind: "server",
};
export const sendSpan: SpanDefinition = { name: "edge.send", help: "A message was sent to a peer.", kind: "producer" };

const subjects: readonly SubjectDefinition[] = [
  { name: "sipmesh.edge.<instance>", help: "Messages that this edge is to send." },
  { name: "sipmesh.edge.health", help: "How an edge's OPTIONS to itself went; every edge listens." },
];

const used: ReadonlySet<string> = new Set([
  attribute.callId,
  attribute.method,
  attribute.transport,
  attribute.peer,
  attribute.instance,
]);

export const catalogue: Catalogue = {
  metrics: [
    messages,
    octets,
    dropped,
    problems,
    answered,
    sendFailures,
    keepAlives,
    socketErrors,
    exceptions,
    refusedConnections,
    closedConnections,
    connections,
    unconfirmed,
    pinged,
    sources,
    receiveBuffer,
    batched,
    loopDelay,
    selfChecks,
    refused,
    settingUp,
    firstAnswer,
    busy,
    limit,
  ],
  spans: [receiveSpan, sendSpan],
  attributes: sipAttributes.filter(({ name }) => used.has(name)),
  subjects,
};

/** What is counted for every message, at hand without a look-up. */
export interface Traffic {
  readonly octets: Counter;
  readonly requests: Counter;
  readonly responses: Counter;
  readonly keepAlives: Counter;
}

/** The counters of one direction and transport. */
export function traffic(metrics: Metrics, direction: "in" | "out", transport: string): Traffic {
  const kinds = metrics.counter(messages);
  return {
    octets: metrics.counter(octets).with({ direction, transport }),
    requests: kinds.with({ direction, transport, kind: "request" }),
    responses: kinds.with({ direction, transport, kind: "response" }),
    keepAlives: metrics.counter(keepAlives).with({ direction, transport }),
  };
}
