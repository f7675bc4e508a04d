export { media } from "./module.ts";
