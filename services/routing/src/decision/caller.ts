import type { Domain } from "@sipmesh/proto/directory";
import type { Uri } from "@sipmesh/sip";
import { proofOf } from "./credentials.ts";
import type { Destination } from "./destination.ts";
import type { Answers, Facts, Step, Subscriber } from "./facts.ts";
import { globalNumber } from "./number.ts";
import { admitsStrangers } from "./platform.ts";
import { ask, reject } from "./step.ts";
import { addressOfRecord, isQuestion, subscriberFor } from "./subscriber.ts";

/** On whose authority a request comes. */
export type Caller =
  | { readonly type: "subscriber"; readonly identity: string }
  | { readonly type: "trunk"; readonly identity: string }
  /** Nobody vouches for it. */
  | { readonly type: "stranger"; readonly identity: "" };

const STRANGER: Caller = { type: "stranger", identity: "" };
const ANONYMOUS_HOST = "anonymous.invalid";

/**
 * Finds out who calls. Whoever claims an address of a domain that authenticates must prove it; who claims nothing
 * (RFC 3323) must prove to be somebody of ours only where strangers are not wanted; all others are strangers.
 */
export function callerOf(facts: Facts, answers: Answers, destination: Destination): Caller | Step {
  if (facts.trunk !== undefined) return { type: "trunk", identity: "" };
  const anonymous = facts.from?.kind === "sip" && facts.from.host === ANONYMOUS_HOST;
  const domain = anonymous ? domainForAnonymous(facts, destination) : domainOfSender(facts);
  // RFC 3261 section 22.1: these two are never challenged.
  if (domain === undefined || facts.method === "ACK" || facts.method === "CANCEL") return STRANGER;
  const proof = proofOf(answers, domain, 407);
  if (proof.type !== "proved") return proof;
  const subscriber: Subscriber = { domain: domain.name, user: proof.user };
  if (!anonymous) {
    const owns = ownsAddress(answers, subscriber, domain, facts.from);
    if (owns !== true) return owns;
  }
  return { type: "subscriber", identity: addressOfRecord(subscriber.user, subscriber.domain) };
}

function domainOfSender(facts: Facts): Domain | undefined {
  if (facts.from?.kind !== "sip") return undefined;
  const domain = facts.platform.domainOf(facts.from.host);
  return domain?.authenticate === true ? domain : undefined;
}

function domainForAnonymous(facts: Facts, destination: Destination): Domain | undefined {
  const domain = "domain" in destination ? destination.domain : undefined;
  if (domain === undefined) return facts.platform.firstThatAuthenticates;
  return admitsStrangers(domain) ? undefined : domain;
}

/** Whether the address is the subscriber's own, by its user, an alias, or a number; else the 403 that says so. */
export function ownsAddress(
  answers: Answers,
  owner: Subscriber,
  domain: Domain,
  address: Uri | undefined,
): true | Step {
  if (address?.kind !== "sip" || address.user === undefined) return notYours(owner);
  if (address.user === owner.user) return true;
  const named = subscriberFor(answers, domain, address.user, globalNumber(address.user) ?? "");
  if (isQuestion(named)) return ask(named);
  return named?.user === owner.user && named.domain === owner.domain ? true : notYours(owner);
}

function notYours(owner: Subscriber): Step {
  return reject(403, "From Is Not the Address That Authenticated", addressOfRecord(owner.user, owner.domain));
}
