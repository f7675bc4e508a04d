export { transaction } from "./module.ts";
