import { X509Certificate } from "node:crypto";
import { issue, type KeyPair, makeAuthority } from "@sipmesh/certificates/issuing";

/** What the members share. */
export interface Credentials {
  /** Signs what is shown. */
  readonly authority: KeyPair;
  /** The certificates of this authority and of those before it that are still good: what the API server is to trust. */
  readonly trusted: string;
  /** What the API server is shown. */
  readonly shown: KeyPair;
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

/** Of an authority's certificate. */
const COMMON_NAME = "sipmesh-autoscaler";
/** The share of its life after which something is renewed. */
const RENEWED_AFTER = 2 / 3;
/** Authorities that are trusted at a time. */
const MOST_AUTHORITIES = 3;

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
    const authority = await makeAuthority(COMMON_NAME, now, authorityLifetime);
    const shown = await newCertificate(authority, names, now, lifetime);
    return { authority, trusted: authority.certificate, shown };
  }
  if (isDue(present.authority, now)) {
    const authority = await makeAuthority(COMMON_NAME, now, authorityLifetime);
    const still = certificatesOf(present.trusted).filter(
      (text) => new X509Certificate(text).validToDate.getTime() > now,
    );
    const trusted = [authority.certificate, ...still].slice(0, MOST_AUTHORITIES).join("\n");
    return { ...present, authority, trusted };
  }
  const isOurs = isSignedBy(present.shown, present.authority);
  const mustChange = !isGood(present.shown, now) || !isFor(present.shown, names);
  const mayChange = isDue(present.shown, now) || !isOurs;
  if (!mustChange && !(mayChange && (published || isOurs))) return undefined;
  return { ...present, shown: await newCertificate(present.authority, names, now, lifetime) };
}

/** Milliseconds since the epoch: until when a certificate is good. */
export function goodUntil({ certificate }: KeyPair): number {
  return new X509Certificate(certificate).validToDate.getTime();
}

/** Nothing outlives who signed it. */
async function newCertificate(
  authority: KeyPair,
  names: readonly string[],
  now: number,
  lifetime: number,
): Promise<KeyPair> {
  return await issue(authority, names, now, Math.min(lifetime, goodUntil(authority) - now));
}

function isGood(pair: KeyPair, now: number): boolean {
  return new X509Certificate(pair.certificate).validFromDate.getTime() <= now && now < goodUntil(pair);
}

function isDue(pair: KeyPair, now: number): boolean {
  const began = new X509Certificate(pair.certificate).validFromDate.getTime();
  return now >= began + (goodUntil(pair) - began) * RENEWED_AFTER;
}

function isFor({ certificate }: KeyPair, names: readonly string[]): boolean {
  const own = new X509Certificate(certificate);
  return names.every((name) => own.checkHost(name) !== undefined);
}

function isSignedBy({ certificate }: KeyPair, authority: KeyPair): boolean {
  return new X509Certificate(certificate).verify(new X509Certificate(authority.certificate).publicKey);
}

/** The certificates in a text. */
function certificatesOf(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
