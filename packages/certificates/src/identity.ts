import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { checkServerIdentity, createSecureContext, type PeerCertificate } from "node:tls";
import { CertificateError } from "./error.ts";

/** Where a process finds whom it trusts and who it is: PEM files. */
export interface IdentityFiles {
  /** Certificates of the authorities that are trusted, one or more. */
  readonly ca: string;
  /** Our own certificate, and those between it and an authority. */
  readonly certificate: string;
  /** Its private key. */
  readonly key: string;
}

/** What the files hold, as they belong together. */
export interface Identity {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** When our own certificate ends, in milliseconds since the epoch. */
  readonly ends: number;
}

/**
 * Reads the three files.
 * @throws CertificateError where one cannot be read, holds something else, or the key is not the certificate's
 */
export async function readIdentity(files: IdentityFiles): Promise<Identity> {
  // One by one: what is told first does not depend on which read was quicker.
  const ca = await contentOf(files.ca);
  const certificate = await contentOf(files.certificate);
  const key = await contentOf(files.key);
  understood(files.ca, () => new X509Certificate(ca));
  const own = understood(files.certificate, () => new X509Certificate(certificate));
  const itsKey = understood(files.key, () => createPrivateKey(key));
  if (!own.checkPrivateKey(itsKey)) {
    throw new CertificateError(`${files.key} is not the key of the certificate ${files.certificate}`);
  }
  // What is read here is handed to TLS as it is: what TLS would refuse is refused now.
  understood(files.certificate, () => createSecureContext({ ca, cert: certificate, key }));
  return { ca, certificate, key, ends: own.validToDate.getTime() };
}

/** Whether a peer's certificate bears a DNS name (RFC 9525, section 6). */
export function bearsName(name: string, certificate: PeerCertificate): boolean {
  return checkServerIdentity(name, certificate) === undefined;
}

async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new CertificateError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function understood<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CertificateError(`${file} is not what it should be, in PEM: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
