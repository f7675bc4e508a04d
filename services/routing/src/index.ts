export { routing } from "./module.ts";
