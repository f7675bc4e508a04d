export { directory } from "./module.ts";
