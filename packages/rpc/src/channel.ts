/** Milliseconds between two signs of life, and for which an answer is awaited: a silent peer is dropped within 2 s. */
const SIGN_OF_LIFE = 800;
const ANSWER_WITHIN = 1000;
const LARGEST_BATCH = 16 * 1024 * 1024;

/** Options of each side's HTTP/2 connections. */
export const CHANNEL = {
  "grpc.keepalive_time_ms": SIGN_OF_LIFE,
  "grpc.keepalive_timeout_ms": ANSWER_WITHIN,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_receive_message_length": LARGEST_BATCH,
  "grpc.max_send_message_length": LARGEST_BATCH,
  // Each link makes its own attempts; a shared connection would bring the patience of another's.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  "grpc.enable_channelz": 0,
  // Peers are addressed one by one; no proxy stands between them.
  "grpc.enable_http_proxy": 0,
};
