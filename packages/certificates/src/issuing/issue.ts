// Decorators of the library's dependency injection look for this at load time.
import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** ECDSA on P-256 with SHA-256: what every TLS library takes, and quick to sign. */
const KEY = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };
/** Milliseconds by which a certificate begins in the past: clocks of machines differ. */
export const BACKDATED = 5 * 60_000;

/** A certificate and its private key (PKCS #8), in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Makes an authority: a self-signed certificate (RFC 5280) that may sign others, and no further authorities.
 *
 * @param now milliseconds since the epoch
 * @param life milliseconds for which it is good
 */
export async function makeAuthority(commonName: string, now: number, life: number): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    name: [{ CN: [commonName] }],
    signingAlgorithm: SIGNATURE,
    ...validity(now, life),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return inPem(certificate, keys);
}

/**
 * Makes a certificate for both ends of TLS, signed by an authority.
 *
 * @param names DNS names, or IP addresses, that it bears; the first, as far as it fits, is its common name too
 * @param now milliseconds since the epoch
 * @param life milliseconds for which it is good
 */
export async function issue(authority: KeyPair, names: readonly string[], now: number, life: number): Promise<KeyPair> {
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", derOf(authority.key), KEY, false, ["sign"]);
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create({
    // RFC 5280, appendix A: a common name has 64 characters at most. It is for people; TLS goes by the names.
    subject: [{ CN: [(names[0] ?? "").slice(0, 64)] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: SIGNATURE,
    ...validity(now, life),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }))),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return inPem(certificate, keys);
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(KEY, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

function validity(now: number, life: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - BACKDATED), notAfter: new Date(now + life) };
}

function inPem(certificate: X509Certificate, { privateKey }: webcrypto.CryptoKeyPair): KeyPair {
  const key = KeyObject.from(privateKey).export({ type: "pkcs8", format: "pem" });
  return { certificate: `${certificate.toString("pem")}\n`, key: String(key) };
}

function derOf(pem: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64"));
}
