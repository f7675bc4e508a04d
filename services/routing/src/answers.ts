import { AuthenticateOutcome, type DirectoryService } from "@sipmesh/proto/directory";
import type { Binding, LocationService } from "@sipmesh/proto/location";
import type { RouteRequest } from "@sipmesh/proto/routing";
import type { Client } from "@sipmesh/rpc";
import type { TraceContext } from "@sipmesh/telemetry";
import type { AnswerCache } from "./answer-cache.ts";
import type { Answers, Credentials, Question, Subscriber } from "./decision/facts.ts";

const MISSING: Credentials = {
  outcome: AuthenticateOutcome.AUTHENTICATE_OUTCOME_MISSING,
  user: "",
  reason: "no credentials",
};

/** A service that a decision depends on did not answer. */
export class ServiceAway extends Error {
  override readonly name = "ServiceAway";
  readonly service: "directory" | "location";

  constructor(service: "directory" | "location", cause: unknown) {
    super(`${service} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.service = service;
  }
}

/** What of a request its credentials are checked by. */
type CredentialFields = "method" | "requestUri" | "authorization" | "proxyAuthorization" | "bodyMd5" | "bodySha256";

export interface AskerOptions {
  readonly directory: Client<typeof DirectoryService>;
  readonly location: Client<typeof LocationService>;
  readonly subscribers: AnswerCache<Subscriber | null>;
  /** Milliseconds that a subscriber is kept. */
  readonly cacheTime: number;
}

/** How long, and in which trace, other services are asked. */
export interface Patience {
  readonly deadline: number;
  readonly trace: TraceContext | undefined;
  /** Every question may be put twice. */
  readonly repeatable: true;
}

/** Puts the questions of a decision to the services that know. */
export class Asker {
  readonly #options: AskerOptions;

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  /**
   * Undefined where the answer was at hand, so that nobody waits for a turn of the event loop.
   * @param request whose credentials are asked about
   * @throws ServiceAway
   */
  answer(
    question: Question,
    answers: Answers,
    request: Pick<RouteRequest, CredentialFields>,
    patience: Patience,
  ): Promise<void> | undefined {
    switch (question.type) {
      case "credentials":
        return this.#credentials(question, answers, request, patience);
      case "subscriber": {
        const known = this.#options.subscribers.peek(question.key);
        if (known === undefined) return this.#subscriber(question, answers, patience);
        answers.subscribers.set(question.key, known);
        return undefined;
      }
      case "bindings":
        return this.#bindings(question.addressOfRecord, answers, patience);
      default:
        return question satisfies never;
    }
  }

  /** The values of a challenge. Rejects with `ServiceAway`. */
  challenge(realm: string, algorithms: string[], stale: boolean, patience: Patience): Promise<string[]> {
    return this.#options.directory.challenge({ realm, algorithms, stale }, patience).then(
      ({ values }) => values,
      (error: unknown) => {
        throw new ServiceAway("directory", error);
      },
    );
  }

  #credentials(
    question: Question & { type: "credentials" },
    answers: Answers,
    request: Pick<RouteRequest, CredentialFields>,
    patience: Patience,
  ): Promise<void> | undefined {
    const credentials = request.method === "REGISTER" ? request.authorization : request.proxyAuthorization;
    if (credentials.length === 0) {
      answers.credentials = MISSING;
      return undefined;
    }
    const { method, requestUri, bodyMd5, bodySha256 } = request;
    const asked = { realm: question.domain.realm, method, credentials, requestUri, bodyMd5, bodySha256 };
    return this.#options.directory.authenticate(asked, patience).then(
      (reply) => {
        answers.credentials = reply;
      },
      (error: unknown) => {
        throw new ServiceAway("directory", error);
      },
    );
  }

  async #subscriber(question: Question & { type: "subscriber" }, answers: Answers, patience: Patience): Promise<void> {
    const { key, domain, user, number } = question;
    const { directory, subscribers, cacheTime } = this.#options;
    const ask = async (): Promise<Subscriber | null> => {
      const reply = await directory.subscriber({ domain, user, number }, patience);
      return reply.exists ? { domain: reply.domain, user: reply.user } : null;
    };
    try {
      answers.subscribers.set(key, await subscribers.get(key, ask, () => cacheTime));
    } catch (error) {
      throw new ServiceAway("directory", error);
    }
  }

  #bindings(addressOfRecord: string, answers: Answers, patience: Patience): Promise<void> {
    return this.#options.location.lookup({ addressOfRecord }, { ...patience, key: addressOfRecord }).then(
      (reply: { bindings: Binding[] }) => {
        answers.bindings.set(addressOfRecord, reply.bindings);
      },
      (error: unknown) => {
        throw new ServiceAway("location", error);
      },
    );
  }
}
