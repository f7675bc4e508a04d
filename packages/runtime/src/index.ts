export type { Context } from "./context.ts";
export { counted } from "./load/counted.ts";
export {
  decodeReport,
  encodeReport,
  LOAD_SUBJECT,
  type Load,
  type LoadReport,
  WORK,
  type Work,
} from "./load/load.ts";
export { type HeardReport, LoadTable, type LoadTableOptions } from "./load/load-table.ts";
export type { Module, Readiness, Service } from "./module.ts";
export {
  decodeNode,
  decodeService,
  encodePlace,
  externalOf,
  type NodePlace,
  nodeKey,
  PLACES,
  type ServicePlace,
  type ServicePort,
  serviceKey,
} from "./places/place.ts";
export { Places, type PlacesOptions } from "./places/places.ts";
export { type RunningContext, realContext } from "./real-context.ts";
export type { BrokerSettings, ContextSettings, RpcSettings } from "./settings.ts";
export { type RunningModules, startModules, startOrder, type Values } from "./start-modules.ts";
export { contextCatalogue } from "./telemetry.ts";
