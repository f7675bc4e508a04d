export { HELP, readCommand } from "./options.ts";
