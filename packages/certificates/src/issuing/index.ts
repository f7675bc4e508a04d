export { issue, type KeyPair, makeAuthority } from "./issue.ts";
export { type Authorities, type Due, type Holder, type Lives, renewed } from "./renewed.ts";
