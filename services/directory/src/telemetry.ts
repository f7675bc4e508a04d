import {
  attribute,
  type Catalogue,
  type MetricDefinition,
  type SpanDefinition,
  sipAttributes,
} from "@sipmesh/telemetry";

export const authentications: MetricDefinition = {
  name: "sipmesh_directory_authentications_total",
  help: "Credentials that were checked, by outcome: ok, missing, stale, wrong or malformed.",
  labels: ["outcome"],
};

export const challenges: MetricDefinition = {
  name: "sipmesh_directory_challenges_total",
  help: "Digest challenges that were made; stale says that only the nonce was no longer good.",
  labels: ["stale"],
};

export const nonces: MetricDefinition = {
  name: "sipmesh_directory_nonces",
  help: "Nonces whose use counts are kept.",
};

export const forwarded: MetricDefinition = {
  name: "sipmesh_directory_forwarded_total",
  help: "Credentials whose nonce another member made, by what came of asking it: answered, gone or failed.",
  labels: ["outcome"],
};

export const subscribers: MetricDefinition = {
  name: "sipmesh_directory_subscribers",
  help: "Subscribers that are known.",
};

export const authenticateSpan: SpanDefinition = {
  name: "directory.authenticate",
  help: "The credentials of a request are checked.",
  kind: "server",
};

export const challengeSpan: SpanDefinition = {
  name: "directory.challenge",
  help: "A digest challenge is made.",
  kind: "server",
};

/** What was found out about credentials; on `directory.authenticate`. */
export const outcomeAttribute = "sip.auth.outcome";

const used: ReadonlySet<string> = new Set([attribute.method, attribute.domain]);

export const catalogue: Catalogue = {
  metrics: [authentications, challenges, nonces, forwarded, subscribers],
  spans: [authenticateSpan, challengeSpan],
  attributes: [
    ...sipAttributes.filter(({ name }) => used.has(name)),
    { name: outcomeAttribute, help: "What was found out about credentials: ok, missing, stale, wrong or malformed." },
  ],
};
