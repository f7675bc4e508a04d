import type { Flow } from "@sipmesh/proto/flow";
import { readNameAddress, readUri, sameUri } from "@sipmesh/sip";
import type { Asker, Patience } from "./answers.ts";
import type { Answers, Facts } from "./decision/facts.ts";
import { globalNumber } from "./decision/number.ts";
import type { Platform } from "./decision/platform.ts";
import { addressOfRecord, isQuestion, subscriberFor } from "./decision/subscriber.ts";

/** Nobody has to prove anything. */
const NO_CREDENTIALS = {
  method: "",
  requestUri: "",
  authorization: [],
  proxyAuthorization: [],
  bodyMd5: "",
  bodySha256: "",
};

/**
 * The flow over which a contact is registered now, for a dialog whose own flow is gone: its phone may have registered anew
 * since, over another edge. The dialog says whose contact it is by the To of its request, which anybody could write: so only
 * the binding of that very contact counts.
 * @param to the To value; @param contact the remote target. Undefined where there is none. Rejects with `ServiceAway`.
 */
export async function registeredFlow(
  to: string,
  contact: string,
  platform: Platform,
  flows: Facts["flows"],
  asker: Asker,
  patience: Patience,
): Promise<Flow | undefined> {
  const address = readNameAddress(to)?.uri;
  const uri = address === undefined ? undefined : readUri(address);
  const target = readUri(contact);
  if (uri?.kind !== "sip" || uri.user === undefined || target === undefined) return undefined;
  const domain = platform.domainOf(uri.host);
  if (domain === undefined) return undefined;
  const answers: Answers = { subscribers: new Map(), bindings: new Map() };
  let named = subscriberFor(answers, domain, uri.user, globalNumber(uri.user) ?? "");
  if (isQuestion(named)) {
    await asker.answer(named, answers, NO_CREDENTIALS, patience);
    named = subscriberFor(answers, domain, uri.user, globalNumber(uri.user) ?? "");
  }
  if (named === null || isQuestion(named)) return undefined;
  const owner = addressOfRecord(named.user, named.domain);
  await asker.answer({ type: "bindings", addressOfRecord: owner }, answers, NO_CREDENTIALS, patience);
  for (const binding of answers.bindings.get(owner) ?? []) {
    const bound = readUri(binding.uri);
    if (binding.flow === undefined || bound === undefined || !sameUri(bound, target)) continue;
    const flow = flows(binding.flow);
    if (flow !== undefined) return flow;
  }
  return undefined;
}
