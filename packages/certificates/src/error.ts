/** Certificates that cannot be used: says which file, and why. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}
