import { type Authorities, type Holder, type KeyPair, type Lives, renewed } from "@sipmesh/certificates/issuing";
import type { Api, Texts } from "./api.ts";

/** Which certificates are kept, and where. */
export interface Certificates {
  /** The Secret of the authorities and their keys. */
  readonly authority: string;
  /** The DNS names of each certificate, by its Secret. */
  readonly holders: ReadonlyMap<string, readonly string[]>;
  readonly lives: Lives;
  /** The ServiceAccount with which all of them go. */
  readonly owner: string;
}

/** What a Secret of the type kubernetes.io/tls holds; cert-manager names the keys so too. */
interface TlsTexts extends Texts {
  readonly "ca.crt": string;
  readonly "tls.crt": string;
  readonly "tls.key": string;
}

/** Makes the Secrets that are not there, and renews what is due in the others. Gives what became of each. */
export async function keepCertificates(api: Api, wanted: Certificates, now: number): Promise<readonly string[]> {
  const { authority, owner, lives } = wanted;
  const told: string[] = [];
  const holders: Record<string, Holder> = {};
  for (const [secret, names] of wanted.holders) {
    const texts = await api.secret(secret);
    holders[secret] = { names, has: pairOf(texts), trusts: texts?.["ca.crt"] };
  }
  // Authorities first: what they sign counts only once they are kept.
  let due: Awaited<ReturnType<typeof renewed<string>>> | undefined;
  const kept = await api.keepSecret(authority, "Opaque", owner, async (has) => {
    due = await renewed(`${owner} authority`, authoritiesOf(has), holders, lives, now);
    return { "authorities.json": JSON.stringify(due.authorities), "ca.crt": due.trusted };
  });
  told.push(`${authority} is ${kept.outcome}`);
  for (const [secret, { certificate, key }] of Object.entries(due?.holders ?? {})) {
    const texts: TlsTexts = { "ca.crt": kept.texts["ca.crt"], "tls.crt": certificate, "tls.key": key };
    const { outcome } = await api.keepSecret(secret, "kubernetes.io/tls", owner, () => texts);
    told.push(`${secret} is ${outcome}`);
  }
  return told;
}

function authoritiesOf(texts: Texts): Authorities {
  const json = texts["authorities.json"];
  return json === undefined ? [] : (JSON.parse(json) as Authorities);
}

function pairOf(texts: Texts | undefined): KeyPair | undefined {
  const [certificate, key] = [texts?.["tls.crt"], texts?.["tls.key"]];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}
