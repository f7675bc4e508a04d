export { CertificateError } from "./error.ts";
export { bearsName, type Identity, type IdentityFiles, readIdentity } from "./identity.ts";
export { type WatchedIdentity, type WatchOptions, watchIdentity } from "./watch.ts";
