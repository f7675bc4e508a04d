import type { Binding } from "@sipmesh/proto/location";
import { readNameAddress, readUri, splitList } from "@sipmesh/sip";
import type { Caller } from "./caller.ts";
import type { Destination } from "./destination.ts";
import type { Answers, Facts, Step, Subscriber, TargetPlan } from "./facts.ts";
import { admitsStrangers } from "./platform.ts";
import { ask, decided, reject } from "./step.ts";
import { addressOfRecord, isQuestion, subscriberFor } from "./subscriber.ts";

/** To a user of one of our domains; undefined: there is no such subscriber. */
export function toUser(
  facts: Facts,
  answers: Answers,
  destination: Destination & { type: "user" },
  caller: Caller,
): Step | undefined {
  // Asked before the directory is, so that a stranger does not learn who exists.
  if (caller.type === "stranger" && !admitsStrangers(destination.domain)) return notWanted();
  const named = subscriberFor(answers, destination.domain, destination.user, "");
  if (isQuestion(named)) return ask(named);
  return named === null ? undefined : toBindings(facts, answers, named, caller);
}

/** To a number: whoever of ours it belongs to; undefined: to nobody of ours. */
export function toNumber(
  facts: Facts,
  answers: Answers,
  destination: Destination & { type: "number" },
  caller: Caller,
): Step | undefined {
  const { domain } = destination;
  if (caller.type === "stranger" && (domain === undefined || !admitsStrangers(domain))) return notWanted();
  const named = subscriberFor(answers, domain, destination.user, destination.number);
  if (isQuestion(named)) return ask(named);
  if (named === null) return undefined;
  const owner = facts.platform.domains.find((one) => one.name === named.domain);
  if (caller.type === "stranger" && (owner === undefined || !admitsStrangers(owner))) return notWanted();
  return toBindings(facts, answers, named, caller);
}

function toBindings(facts: Facts, answers: Answers, subscriber: Subscriber, caller: Caller): Step {
  const address = addressOfRecord(subscriber.user, subscriber.domain);
  const bindings = answers.bindings.get(address);
  if (bindings === undefined) return ask({ type: "bindings", addressOfRecord: address });
  const targets = bindings
    .map((binding) => targetOf(binding, facts))
    .filter((target) => target !== undefined)
    .sort((a, b) => b.q - a.q)
    .slice(0, facts.plan.maxTargets);
  if (targets.length === 0) return reject(480, "Temporarily Unavailable", caller.identity);
  const policy = facts.plan.policyOf(subscriber.domain);
  if (policy.redirect) {
    const contacts = targets.map((target) => `<${target.uri}>;q=${target.q / 1000}`);
    return decided({ type: "redirect", status: contacts.length > 1 ? 300 : 302, contacts }, caller.identity);
  }
  return decided({ type: "proxy", targets, policy, by: "location" }, caller.identity);
}

function targetOf(binding: Binding, facts: Facts): TargetPlan | undefined {
  const uri = requestUriFor(binding.uri);
  if (facts.tried.has(uri)) return undefined;
  // RFC 3261 section 16.5: a SIPS request goes to SIPS contacts only.
  if (facts.uri?.kind === "sip" && facts.uri.scheme === "sips" && !uri.toLowerCase().startsWith("sips:"))
    return undefined;
  const flow = binding.flow === undefined ? undefined : facts.flows(binding.flow);
  const locate = binding.nat ? undefined : (firstHopOf(binding.path) ?? uri);
  if (flow === undefined && locate === undefined) return undefined;
  return { uri, route: binding.path, flow, q: binding.q, nat: binding.nat, locate };
}

/** RFC 3327 section 5.1: the first Path value is the proxy that is the next hop. */
function firstHopOf(path: readonly string[]): string | undefined {
  const [first] = path;
  return first === undefined ? undefined : readNameAddress(splitList(first)[0] ?? "")?.uri;
}

/** RFC 3261 section 19.1.1: no header fields and no method in a Request-URI. */
function requestUriFor(contact: string): string {
  const uri = readUri(contact);
  if (uri?.kind !== "sip") return contact;
  const bare = uri.headers === undefined ? contact : contact.slice(0, contact.lastIndexOf(`?${uri.headers}`));
  return uri.params.has("method") ? bare.replace(/;method=[^;?]*/i, "") : bare;
}

function notWanted(): Step {
  return reject(403, "Strangers Are Not Admitted");
}
