export { autoscaler } from "./module.ts";
