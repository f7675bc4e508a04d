import {
  AuthenticateOutcome,
  type AuthenticateReply,
  type AuthenticateRequest,
  type DirectoryService,
} from "@sipmesh/proto/directory";
import { type Call, type Client, Code, RpcError } from "@sipmesh/rpc";
import type { Context } from "@sipmesh/runtime";
import { attribute } from "@sipmesh/telemetry";
import { checkCredentials, type Finding } from "./check.ts";
import type { Nonces } from "./nonces.ts";
import type { Registry } from "./registry.ts";
import * as catalogue from "./telemetry.ts";

export interface AuthenticatorOptions {
  readonly registry: Registry;
  readonly nonces: Nonces;
  /** The same service, in other members. */
  readonly peers: Client<typeof DirectoryService>;
  readonly cluster: Context["cluster"];
  readonly telemetry: Context["telemetry"];
  /** Milliseconds to wait for the member that made a nonce. */
  readonly peerDeadline: number;
  /** Whether the digest-uri must be the Request-URI. */
  readonly checkUri: boolean;
}

type Outcome = "ok" | "missing" | "stale" | "wrong" | "malformed";

const WIRE: Readonly<Record<Outcome, AuthenticateOutcome>> = {
  ok: AuthenticateOutcome.AUTHENTICATE_OUTCOME_OK,
  missing: AuthenticateOutcome.AUTHENTICATE_OUTCOME_MISSING,
  stale: AuthenticateOutcome.AUTHENTICATE_OUTCOME_STALE,
  wrong: AuthenticateOutcome.AUTHENTICATE_OUTCOME_WRONG,
  malformed: AuthenticateOutcome.AUTHENTICATE_OUTCOME_MALFORMED,
};

/** Answers Authenticate: first the password, then the nonce, which the member that made it alone can judge. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #outcomes: Readonly<Record<Outcome, { add(): void }>>;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    const counter = options.telemetry.metrics.counter(catalogue.authentications);
    this.#outcomes = {
      ok: counter.with({ outcome: "ok" }),
      missing: counter.with({ outcome: "missing" }),
      stale: counter.with({ outcome: "stale" }),
      wrong: counter.with({ outcome: "wrong" }),
      malformed: counter.with({ outcome: "malformed" }),
    };
  }

  /** @throws RpcError NOT_FOUND where no domain has the realm */
  authenticate(request: AuthenticateRequest, call: Call): AuthenticateReply | Promise<AuthenticateReply> {
    const { registry, checkUri, telemetry } = this.#options;
    const domain = registry.domains.find((one) => one.realm === request.realm);
    if (domain === undefined) throw new RpcError(Code.NotFound, `no domain has the realm "${request.realm}"`);
    const span = telemetry.tracer.start(catalogue.authenticateSpan, call.trace, {
      [attribute.method]: request.method,
      [attribute.domain]: domain.name,
    });
    const end = (reply: AuthenticateReply, outcome: Outcome): AuthenticateReply => {
      span?.end({ [catalogue.outcomeAttribute]: outcome });
      return reply;
    };
    const finding = checkCredentials(request, domain, registry, checkUri);
    if (finding.type !== "proved") return end(this.#answer(finding.type, "", finding.reason), finding.type);
    const { user } = finding.subscriber;
    const use = this.#options.nonces.use(
      finding.credentials.nonce,
      domain.realm,
      finding.credentials.protection?.count,
    );
    switch (use.type) {
      case "good":
        return end(this.#answer("ok", user, ""), "ok");
      case "stale":
        return end(this.#answer("stale", user, "The Nonce Is No Longer Good"), "stale");
      case "made-elsewhere":
        return this.#askMaker(use.maker, request, call, finding).then((reply) => {
          const outcome = reply.outcome === AuthenticateOutcome.AUTHENTICATE_OUTCOME_OK ? "ok" : "stale";
          return end(reply, outcome);
        });
      default:
        return use satisfies never;
    }
  }

  /** Where the maker is gone, nobody knows how often the nonce was used: it is stale (RFC 7616 section 3.3). */
  async #askMaker(
    maker: string,
    request: AuthenticateRequest,
    call: Call,
    { subscriber }: Finding & { type: "proved" },
  ): Promise<AuthenticateReply> {
    const { cluster, peers, peerDeadline, telemetry } = this.#options;
    const forwarded = telemetry.metrics.counter(catalogue.forwarded);
    if (!cluster.instances("directory").some((instance) => instance.id === maker)) {
      forwarded.with({ outcome: "gone" }).add();
      return this.#answer("stale", subscriber.user, "The Member That Made the Nonce Is Gone");
    }
    try {
      const deadline = Math.min(peerDeadline, call.deadline);
      const reply = await peers.authenticate(request, { deadline, instance: maker, trace: call.trace });
      forwarded.with({ outcome: "answered" }).add();
      return reply;
    } catch (error) {
      forwarded.with({ outcome: "failed" }).add();
      telemetry.log.warn({ maker, error }, "The member that made a nonce does not answer.");
      return this.#answer("stale", subscriber.user, "The Member That Made the Nonce Does Not Answer");
    }
  }

  #answer(outcome: Outcome, user: string, reason: string): AuthenticateReply {
    this.#outcomes[outcome].add();
    return { outcome: WIRE[outcome], user, reason };
  }
}
