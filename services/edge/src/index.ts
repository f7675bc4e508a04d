export { edge } from "./module.ts";
