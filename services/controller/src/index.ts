export { controller } from "./module.ts";
