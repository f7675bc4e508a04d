export { Config, loadConfig, type Sources } from "./load.ts";
export { printConfig } from "./print.ts";
export { ConfigError, type Problem } from "./problem.ts";
export { configReference } from "./reference.ts";
export { secret } from "./secret.ts";
export type { ConfigSection } from "./section.ts";
export { defaults, section } from "./section.ts";
