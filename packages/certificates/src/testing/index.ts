export { IdentityFolder } from "./identity-folder.ts";
