import { AuthenticateOutcome, type Domain } from "@sipmesh/proto/directory";
import type { Answers, Step } from "./facts.ts";
import { ask, decided, reject } from "./step.ts";

/** Who proved to be a user of the domain: the canonical user, or what is to be done until that is known. */
export type Proof = { readonly type: "proved"; readonly user: string } | Step;

/** Asks for credentials until they are right (RFC 3261 section 22). */
export function proofOf(answers: Answers, domain: Domain, status: 401 | 407): Proof {
  const credentials = answers.credentials;
  if (credentials === undefined) return ask({ type: "credentials", domain });
  switch (credentials.outcome) {
    case AuthenticateOutcome.AUTHENTICATE_OUTCOME_OK:
      return { type: "proved", user: credentials.user };
    case AuthenticateOutcome.AUTHENTICATE_OUTCOME_STALE:
      return decided({ type: "challenge", status, domain, stale: true });
    case AuthenticateOutcome.AUTHENTICATE_OUTCOME_MALFORMED:
      return reject(400, "Malformed Credentials");
    default:
      return decided({ type: "challenge", status, domain, stale: false });
  }
}
