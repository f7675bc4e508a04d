export type { Context } from "./context.ts";
export type { Module, Readiness, Service } from "./module.ts";
