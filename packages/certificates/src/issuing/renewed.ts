import { X509Certificate } from "node:crypto";
import { BACKDATED, issue, type KeyPair, makeAuthority } from "./issue.ts";

/** Who signs, oldest first. All of them are trusted; the last may be too young to sign. */
export type Authorities = readonly KeyPair[];

/** Somebody who shows a certificate. */
export interface Holder {
  /** DNS names, or IP addresses, that the certificate bears. */
  readonly names: readonly string[];
  /** What the holder has now; absent: nothing yet. */
  readonly has?: KeyPair | undefined;
  /** The certificates of authorities that came with it, in PEM. */
  readonly trusts?: string | undefined;
}

/** How long certificates are good for, in milliseconds. */
export interface Lives {
  readonly authority: number;
  readonly certificate: number;
}

/** What is to be kept and shown from now on. */
export interface Due<H extends string> {
  readonly authorities: Authorities;
  /** The certificates of all authorities, in PEM: whom everybody trusts. */
  readonly trusted: string;
  readonly holders: Readonly<Record<H, KeyPair>>;
}

/**
 * Milliseconds until every process has surely read a new authority, and it may sign. Kubernetes renews the files in a pod
 * within two minutes.
 */
const SPREAD = 60 * 60_000;
/** What must be left of an authority's life, and of a certificate's, as a share of it. */
const AUTHORITY_LEFT = 1 / 2;
const CERTIFICATE_LEFT = 1 / 3;

/**
 * Renews what is due, and leaves the rest as it is. To be run more often than a third of a certificate's life: whoever shows
 * what one run gave is then trusted by whoever holds what the run before or after it gave. A new authority is trusted by
 * all before it signs, and an old one until it ends. Whoever is to trust a new authority gets a new certificate too: that it
 * shows that one tells that it has read both.
 *
 * @param commonName of a new authority
 * @param now milliseconds since the epoch
 */
export async function renewed<H extends string>(
  commonName: string,
  authorities: Authorities,
  holders: Readonly<Record<H, Holder>>,
  lives: Lives,
  now: number,
): Promise<Due<H>> {
  const kept = authorities.filter((authority) => left(authority, now) > 0);
  const newest = kept.at(-1);
  if (newest === undefined || left(newest, now) < lives.authority * AUTHORITY_LEFT) {
    kept.push(await makeAuthority(commonName, now, lives.authority));
  }
  const signer = (kept.findLast((authority) => age(authority, now) >= SPREAD) ?? kept[0]) as KeyPair;
  const shown: [string, KeyPair][] = [];
  for (const [name, holder] of Object.entries<Holder>(holders)) {
    const { has, names, trusts = "" } = holder;
    const good =
      has !== undefined &&
      isGood(has, signer, names) &&
      left(has, now) >= lives.certificate * CERTIFICATE_LEFT &&
      kept.every(({ certificate }) => trusts.includes(certificate));
    shown.push([name, good ? has : await issue(signer, names, now, lives.certificate)]);
  }
  return {
    authorities: kept,
    trusted: kept.map(({ certificate }) => certificate).join(""),
    holders: Object.fromEntries(shown) as Record<H, KeyPair>,
  };
}

function isGood({ certificate }: KeyPair, signer: KeyPair, names: readonly string[]): boolean {
  const own = new X509Certificate(certificate);
  const by = new X509Certificate(signer.certificate);
  const borne = own.subjectAltName?.split(", ") ?? [];
  return (
    own.checkIssued(by) &&
    own.verify(by.publicKey) &&
    borne.length === names.length &&
    names.every((name) => borne.includes(`DNS:${name}`) || borne.includes(`IP Address:${name}`))
  );
}

function left({ certificate }: KeyPair, now: number): number {
  return new X509Certificate(certificate).validToDate.getTime() - now;
}

function age({ certificate }: KeyPair, now: number): number {
  return now - BACKDATED - new X509Certificate(certificate).validFromDate.getTime();
}
