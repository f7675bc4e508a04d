import {
  attribute,
  type Catalogue,
  type MetricDefinition,
  type SpanDefinition,
  sipAttributes,
} from "@sipmesh/telemetry";

export const registrations: MetricDefinition = {
  name: "sipmesh_registrations",
  help: "Contacts that are registered, as this location member knows them: all members count the same ones.",
};

export const addressesOfRecord: MetricDefinition = {
  name: "sipmesh_addresses_of_record",
  help: "Addresses of record that have a contact, as this location member knows them.",
};

export const registers: MetricDefinition = {
  name: "sipmesh_location_registers_total",
  help: "REGISTER requests, by outcome: stored, unchanged, rejected, full, busy (too many conflicts) or away (the store).",
  labels: ["outcome"],
};

export const lookups: MetricDefinition = {
  name: "sipmesh_location_lookups_total",
  help: "Look-ups of an address of record, by outcome: found, none or away (the store).",
  labels: ["outcome"],
};

export const reads: MetricDefinition = {
  name: "sipmesh_location_reads_total",
  help: "Records that had to be read from the store because memory did not have them.",
};

export const conflicts: MetricDefinition = {
  name: "sipmesh_location_conflicts_total",
  help: "Writes that somebody else had overtaken, and that were decided anew.",
};

export const swept: MetricDefinition = {
  name: "sipmesh_location_swept_total",
  help: "Addresses of record that were removed from the store after their last contact had expired.",
};

export const unreadable: MetricDefinition = {
  name: "sipmesh_location_unreadable_total",
  help: "Records of the store that this version cannot read.",
};

export const registerSeconds: MetricDefinition = {
  name: "sipmesh_location_register_seconds",
  help: "Time to answer a REGISTER, the store included.",
  unit: "seconds",
  buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2],
};

export const registerSpan: SpanDefinition = {
  name: "location.register",
  help: "The bindings of an address of record are changed or asked for.",
  kind: "server",
};

export const lookupSpan: SpanDefinition = {
  name: "location.lookup",
  help: "Where an address of record can be reached now.",
  kind: "server",
};

const used: ReadonlySet<string> = new Set([attribute.addressOfRecord, attribute.bindings, attribute.statusCode]);

export const catalogue: Catalogue = {
  metrics: [registrations, addressesOfRecord, registers, lookups, reads, conflicts, swept, unreadable, registerSeconds],
  spans: [registerSpan, lookupSpan],
  attributes: sipAttributes.filter(({ name }) => used.has(name)),
};
