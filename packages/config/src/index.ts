export { secret } from "./secret.ts";
export type { ConfigOf, ConfigSection } from "./section.ts";
export { defaults, section } from "./section.ts";
