import { ownsAddress } from "./caller.ts";
import { proofOf } from "./credentials.ts";
import type { Answers, Facts, Step, Subscriber } from "./facts.ts";
import { globalNumber } from "./number.ts";
import { ask, decided, reject } from "./step.ts";
import { addressOfRecord, isQuestion, subscriberFor } from "./subscriber.ts";

/** Whether a REGISTER may proceed, and for which address of record (RFC 3261 section 10.3, steps 1 to 5). */
export function decideRegistration(facts: Facts, answers: Answers): Step {
  const { uri, to } = facts;
  if (uri?.kind !== "sip") return reject(416, "Unsupported URI Scheme");
  const domain = facts.platform.domainAt(uri.host, uri.port);
  if (domain === undefined) return reject(403, "Not a Domain of This Registrar");
  if (to?.kind !== "sip") return reject(400, "To Must Be a SIP or SIPS URI");
  if (to.user === undefined) return reject(404, "To Names No User");
  if (facts.platform.domainOf(to.host)?.name !== domain.name) return reject(404, "Not an Address of This Domain");

  const { user } = to;
  if (!domain.authenticate) {
    const named = subscriberFor(answers, domain, user, globalNumber(user) ?? "");
    if (isQuestion(named)) return ask(named);
    return named === null ? reject(404, "No Such Subscriber") : admit(named, "");
  }

  const proof = proofOf(answers, domain, 401);
  if (proof.type !== "proved") return proof;
  const registrant: Subscriber = { domain: domain.name, user: proof.user };
  const identity = addressOfRecord(registrant.user, registrant.domain);
  if (user === registrant.user && facts.from?.kind === "sip" && facts.from.user === to.user) {
    return admit(registrant, identity);
  }
  const owns = ownsAddress(answers, registrant, domain, facts.from);
  if (owns !== true) return owns;
  if (user === registrant.user) return admit(registrant, identity);
  const named = subscriberFor(answers, domain, user, globalNumber(user) ?? "");
  if (isQuestion(named)) return ask(named);
  if (named?.user === registrant.user && named.domain === registrant.domain) return admit(registrant, identity);
  if (!domain.thirdPartyRegistration) return reject(403, "To Is Not the Address That Authenticated", identity);
  return named === null ? reject(404, "No Such Subscriber", identity) : admit(named, identity);
}

function admit(subscriber: Subscriber, identity: string): Step {
  return decided({ type: "register", addressOfRecord: addressOfRecord(subscriber.user, subscriber.domain) }, identity);
}
