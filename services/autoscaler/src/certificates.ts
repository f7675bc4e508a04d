// What @peculiar/x509 is built on asks for it, before it.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and its private key (PKCS #8), PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** What the members share. */
export interface Credentials {
  /** Signs what is shown. */
  readonly authority: Pair;
  /** The certificates of this authority and of those before it that are still good: what the API server is to trust. */
  readonly trusted: string;
  /** What the API server is shown. */
  readonly shown: Pair;
}

export interface CertificatePlan {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** DNS names. */
  readonly names: readonly string[];
  /** Milliseconds that a certificate and an authority are good. */
  readonly lifetime: number;
  readonly authorityLifetime: number;
  /** Whether the API server trusts all of `trusted` already: before that nothing of a new authority is shown. */
  readonly published: boolean;
}

/** What stands in the way of clocks that differ a little. Milliseconds. */
const BEFORE = 300_000;
/** The share of its life after which something is renewed. */
const RENEWED_AFTER = 2 / 3;
/** Authorities that are trusted at a time. */
const MOST_AUTHORITIES = 3;

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const { subtle } = webcrypto;

/**
 * What the credentials should be now; undefined where they are right as they are. A new authority is first published and
 * signs the next time, so that there is no moment in which the API server is shown what it does not trust yet.
 */
export async function renewed(
  present: Credentials | undefined,
  plan: CertificatePlan,
): Promise<Credentials | undefined> {
  const { now, names, lifetime, authorityLifetime, published } = plan;
  if (present === undefined || !isGood(present.authority, now)) {
    const authority = await newAuthority(now, authorityLifetime);
    const shown = await newCertificate(authority, names, now, lifetime);
    return { authority, trusted: authority.certificate, shown };
  }
  if (isDue(present.authority, now)) {
    const authority = await newAuthority(now, authorityLifetime);
    const still = certificatesOf(present.trusted).filter(({ notAfter }) => notAfter.getTime() > now);
    const trusted = [authority.certificate, ...still.map(pem)].slice(0, MOST_AUTHORITIES).join("\n");
    return { ...present, authority, trusted };
  }
  const isOurs = await isSignedBy(present.shown, present.authority);
  const mustChange = !isGood(present.shown, now) || !isFor(present.shown, names);
  const mayChange = isDue(present.shown, now) || !isOurs;
  if (!mustChange && !(mayChange && (published || isOurs))) return undefined;
  return { ...present, shown: await newCertificate(present.authority, names, now, lifetime) };
}

/** Milliseconds since the epoch: until when a certificate is good. */
export function goodUntil({ certificate }: Pair): number {
  return new X509Certificate(certificate).notAfter.getTime();
}

async function newAuthority(now: number, lifetime: number): Promise<Pair> {
  const keys = await subtle.generateKey(EC, true, ["sign", "verify"]);
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    // Told apart by its name too: some look for the signer by it.
    name: `CN=sipmesh-autoscaler-${serial().slice(0, 8)}`,
    notBefore: new Date(now - BEFORE),
    notAfter: new Date(now + lifetime),
    signingAlgorithm: EC,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(made), key: await exportKey(keys.privateKey) };
}

async function newCertificate(authority: Pair, names: readonly string[], now: number, lifetime: number): Promise<Pair> {
  const issuer = new X509Certificate(authority.certificate);
  const keys = await subtle.generateKey(EC, true, ["sign", "verify"]);
  const made = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: "CN=sipmesh-autoscaler",
    issuer: issuer.subject,
    notBefore: new Date(now - BEFORE),
    // Nothing outlives who signed it.
    notAfter: new Date(Math.min(now + lifetime, issuer.notAfter.getTime())),
    signingAlgorithm: EC,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns", value }))),
    ],
  });
  return { certificate: pem(made), key: await exportKey(keys.privateKey) };
}

function isGood({ certificate }: Pair, now: number): boolean {
  const { notBefore, notAfter } = new X509Certificate(certificate);
  return notBefore.getTime() <= now && now < notAfter.getTime();
}

function isDue({ certificate }: Pair, now: number): boolean {
  const { notBefore, notAfter } = new X509Certificate(certificate);
  const began = notBefore.getTime() + BEFORE;
  return now >= began + (notAfter.getTime() - began) * RENEWED_AFTER;
}

function isFor({ certificate }: Pair, names: readonly string[]): boolean {
  const extension = new X509Certificate(certificate).getExtension(SubjectAlternativeNameExtension);
  const there = extension?.names.toJSON().map(({ value }) => value) ?? [];
  return names.every((name) => there.includes(name));
}

async function isSignedBy({ certificate }: Pair, authority: Pair): Promise<boolean> {
  const { publicKey } = new X509Certificate(authority.certificate);
  return await new X509Certificate(certificate).verify({ publicKey, signatureOnly: true });
}

function certificatesOf(bundle: string): X509Certificate[] {
  return PemConverter.decode(bundle).map((raw) => new X509Certificate(raw));
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

/** RFC 5280 section 4.1.2.2: positive, unique; 127 random bits. */
function serial(): string {
  const octets = webcrypto.getRandomValues(new Uint8Array(16));
  octets[0] = (octets[0] ?? 0) & 0x7f;
  return Buffer.from(octets).toString("hex");
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag)}\n`;
}

async function importKey(key: string): Promise<webcrypto.CryptoKey> {
  return await subtle.importKey("pkcs8", PemConverter.decodeFirst(key), EC, false, ["sign"]);
}
