import { createHash } from "node:crypto";
import type { Field, SipText } from "./sip-text.ts";

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly qop: boolean;
  readonly proxy: boolean;
  readonly stale: boolean;
}

export function challengeOf(response: SipText): Challenge {
  const proxy = response.status === 407;
  const value = response.first(proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
  const parameter = (name: string) => value.match(new RegExp(`[\\s,]${name}="?([^",]*)`, "i"))?.[1] ?? "";
  return {
    realm: parameter("realm"),
    nonce: parameter("nonce"),
    qop: /qop=/i.test(value),
    proxy,
    stale: parameter("stale").toLowerCase() === "true",
  };
}

/** RFC 2617 digest, as a phone computes it. `count`: the nonce count where the challenge has qop. */
export function credentials(
  challenge: Challenge,
  who: { readonly user: string; readonly password: string },
  method: string,
  uri: string,
  count = 1,
  qop = challenge.qop,
): Field {
  const { realm, nonce } = challenge;
  const secret = md5(`${who.user}:${realm}:${who.password}`);
  const about = md5(`${method}:${uri}`);
  const nc = count.toString(16).padStart(8, "0");
  const response = qop ? md5(`${secret}:${nonce}:${nc}:abc:auth:${about}`) : md5(`${secret}:${nonce}:${about}`);
  const value = `Digest username="${who.user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5`;
  const name = challenge.proxy ? "Proxy-Authorization" : "Authorization";
  return [name, qop ? `${value}, qop=auth, nc=${nc}, cnonce="abc"` : value];
}
