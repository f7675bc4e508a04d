import type { Domain } from "@sipmesh/proto/directory";
import type { Answers, Question, Subscriber } from "./facts.ts";

/** Who a user, or a number, of one of our domains is: known, none (`null`), or to be asked. */
export type SubscriberOrQuestion = Subscriber | null | (Question & { type: "subscriber" });

/** @param number a telephone number that stands for a subscriber wherever it was written; empty: there is none */
export function subscriberFor(
  answers: Answers,
  domain: Domain | undefined,
  user: string,
  number: string,
): SubscriberOrQuestion {
  if (domain?.anyUser === true && number === "") return { domain: domain.name, user };
  const key = `${number}|${user}@${domain?.name ?? ""}`;
  const known = answers.subscribers.get(key);
  if (known === undefined) return { type: "subscriber", key, domain: domain?.name ?? "", user, number };
  if (known === null && domain?.anyUser === true) return { domain: domain.name, user };
  return known;
}

export function isQuestion(answer: SubscriberOrQuestion): answer is Question & { type: "subscriber" } {
  return answer !== null && "type" in answer;
}

/** An address of record as the platform's services tell it to one another: user@domain. */
export function addressOfRecord(user: string, domain: string): string {
  return `${user}@${domain}`;
}
