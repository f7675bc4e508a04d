export type { Context } from "./context.ts";
export type { Module, Readiness, Service } from "./module.ts";
export { type RunningModules, startModules, startOrder, type Values } from "./start-modules.ts";
