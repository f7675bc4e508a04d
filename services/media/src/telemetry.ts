import type { Catalogue, MetricDefinition, SpanDefinition } from "@sipmesh/telemetry";
import { attribute } from "@sipmesh/telemetry";

export const metrics = {
  sessions: { name: "sipmesh_media_sessions", help: "Calls whose media is relayed here now." },
  ports: { name: "sipmesh_media_ports_in_use", help: "UDP ports that are lent to calls now." },
  packets: { name: "sipmesh_media_packets_total", help: "Packets relayed.", labels: ["kind"] },
  bytes: { name: "sipmesh_media_bytes_total", help: "Octets of the packets relayed.", labels: ["kind"] },
  drops: {
    name: "sipmesh_media_dropped_packets_total",
    help: "Packets that were not relayed: `source` (not the peer's), `unwired` (nothing agreed yet), `nowhere` (the other side wants none), `send` (the system refused).",
    labels: ["reason"],
  },
  lost: {
    name: "sipmesh_media_lost_packets_total",
    help: "Packets that never reached the relay, by the sequence numbers of streams that ended.",
  },
  exchanges: {
    name: "sipmesh_media_exchanges_total",
    help: "Offers, answers, refusals and deletions, by outcome: `ok` or the code of the error.",
    labels: ["verb", "outcome"],
  },
  ended: {
    name: "sipmesh_media_ended_sessions_total",
    help: "Sessions by why they ended here: `deleted`, `refused`, `silence`, `unanswered`, `longest`, `flood` (a stream faster than `media.rate`), `stopped` (left to who follows), `lost` (its ports were not to be had again).",
    labels: ["cause"],
  },
  kept: {
    name: "sipmesh_media_kept_sessions_total",
    help: "Writes of sessions for who follows, by outcome: `ok`, `away` (the store; tried again), `failed`, `too-large`, `forgotten` (too many removals waited).",
    labels: ["outcome"],
  },
  behind: {
    name: "sipmesh_media_sessions_not_kept",
    help: "Sessions whose last change the store does not have yet.",
  },
  takenOver: {
    name: "sipmesh_media_taken_over_sessions_total",
    help: "Sessions that somebody else had left, by outcome: `ok`, `no-port` (somebody has its ports), `over` (dead by now), `unreadable`.",
    labels: ["outcome"],
  },
} as const satisfies Record<string, MetricDefinition>;

export const spans = {
  offer: { name: "media.offer", help: "An offer is rewritten to the relay's ports." },
  answer: { name: "media.answer", help: "An answer is rewritten, and media relayed from then on." },
  delete: { name: "media.delete", help: "The media of a call or of one of its legs ends." },
} as const satisfies Record<string, SpanDefinition>;

export const attributes = {
  verb: attribute.mediaVerb,
  session: attribute.mediaSession,
  callId: attribute.callId,
  error: attribute.errorCode,
  streams: "sip.media.streams",
  packets: "sip.media.packets",
  lost: "sip.media.lost",
  jitter: "sip.media.jitter",
} as const;

export const errors = [
  { code: "media-bad-sdp", help: "The session description cannot be read; its sender gets 400 or 488." },
  { code: "media-no-offer", help: "An answer came for which no offer is known here." },
  { code: "media-too-many-legs", help: "More early dialogs of one call than `media.legs` allows." },
  { code: "media-too-many-sessions", help: "More calls than `media.sessions` allows." },
  { code: "media-no-port", help: "Every port of the range is in use or resting." },
  { code: "media-no-address", help: "The host has no address that faces the peer." },
  { code: "media-stopping", help: "The relay is about to stop, or another one has its name: it takes no new call." },
] as const;

export type MediaErrorCode = (typeof errors)[number]["code"];

export const catalogue: Catalogue = {
  metrics: Object.values(metrics),
  spans: Object.values(spans),
  attributes: [
    { name: attributes.streams, help: "Number of streams of the description that are relayed." },
    { name: attributes.packets, help: "Packets received of the leg's streams." },
    { name: attributes.lost, help: "Packets lost on the way to the relay (RFC 3550)." },
    { name: attributes.jitter, help: "Largest interarrival jitter of the leg's streams, in milliseconds." },
  ],
  errors,
};
