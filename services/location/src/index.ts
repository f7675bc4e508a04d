export { location } from "./module.ts";
