import { hash, type Random } from "@sipmesh/environment";
import { Name, type Response, readChallenge as readAuthenticate } from "@sipmesh/sip";
import { answerValue, type ReceivedChallenge, readChallenge } from "@sipmesh/sip-core";

export interface Secret {
  readonly username: string;
  readonly password: string;
}

interface Known {
  readonly header: "Authorization" | "Proxy-Authorization";
  readonly challenge: ReceivedChallenge;
  count: number;
}

/** Realms that a user agent keeps challenges of. */
const MOST_REALMS = 8;

/** Answers digest challenges with one user's password, and those known already without being asked (section 22). */
export class Authenticator {
  readonly #secret: Secret | undefined;
  readonly #random: Random;
  readonly #known = new Map<string, Known>();

  constructor(secret: Secret | undefined, random: Random) {
    this.#secret = secret;
    this.#random = random;
  }

  /** The credentials of a request, for every realm that asked before. */
  headers(method: string, uri: string, body: Uint8Array): (readonly [string, string])[] {
    const secret = this.#secret;
    if (secret === undefined) return [];
    return [...this.#known.values()].map((known) => {
      known.count++;
      const cnonce = this.#random.token(16);
      const answer = { ...secret, method, uri, body, count: known.count, cnonce };
      return [known.header, answerValue(known.challenge, answer, hash)] as const;
    });
  }

  /**
   * Takes the challenges of a 401 or 407. False where there is no use in trying again: no challenge that we can answer,
   * or the password was wrong. `answered`: what this request answered before; it is added to.
   */
  learn(response: Response, answered: Set<string>): boolean {
    if (this.#secret === undefined) return false;
    const proxy = response.status === 407;
    const header = proxy ? "Proxy-Authorization" : "Authorization";
    let again = false;
    const realms = new Set<string>();
    for (const value of response.all(proxy ? Name.ProxyAuthenticate : Name.WwwAuthenticate)) {
      const parsed = readAuthenticate(value);
      const challenge = parsed && readChallenge(parsed);
      // RFC 8760 section 2.4: the topmost that we speak.
      if (challenge === undefined || realms.has(challenge.realm)) continue;
      realms.add(challenge.realm);
      const name = `${header} ${challenge.realm}`;
      const known = this.#known.get(name);
      if (answered.has(name) && !(challenge.stale && known?.challenge.nonce !== challenge.nonce)) return false;
      answered.add(name);
      if (known === undefined && this.#known.size >= MOST_REALMS) return false;
      this.#known.set(name, { header, challenge, count: 0 });
      again = true;
    }
    return again;
  }
}
