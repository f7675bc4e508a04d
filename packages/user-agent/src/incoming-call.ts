import { type Request, response } from "@sipmesh/sip";
import { dialogOfCallee } from "@sipmesh/sip-core";
import type { Agent } from "./agent.ts";
import type { Audio } from "./audio.ts";
import { ALLOW, Call } from "./call.ts";
import { readMedia } from "./description.ts";
import type { ServerTransaction } from "./transaction-layer.ts";

/** A call that we are offered (RFC 3261 section 13.3). */
export class IncomingCall extends Call {
  readonly #transaction: ServerTransaction;

  constructor(agent: Agent, audio: Audio, transaction: ServerTransaction) {
    const { request } = transaction;
    const localTag = agent.surroundings.random.token(12);
    super("incoming", agent, audio, { callId: request.callId, localTag });
    this.#transaction = transaction;
    this.confirm(dialogOfCallee(request, localTag, "early"));
  }

  /** The INVITE that offers it. */
  get invite(): Request {
    return this.#transaction.request;
  }

  /** Tells the caller that it rings. */
  ring(): void {
    if (this.state !== "calling") return;
    const ringing = response(this.#transaction.request, 180, {
      toTag: this.localTag,
      contact: this.agent.contact,
      recordRoute: true,
      headers: [["Allow", ALLOW]],
    });
    this.#transaction.respond(ringing, 180);
    this.change("ringing");
  }

  /** Takes the call. False: it is over already, or there is no codec in common (488). */
  answer(): boolean {
    if (this.state !== "calling" && this.state !== "ringing") return false;
    const { request } = this.#transaction;
    const offered = request.body.length > 0;
    const media = offered ? readMedia(request.body) : undefined;
    const body = media === undefined ? undefined : this.session.answer(media);
    if (offered && body === undefined) {
      this.reject(488);
      return false;
    }
    this.confirm(dialogOfCallee(request, this.localTag, "confirmed"));
    this.respondWithSession(this.#transaction, body ?? this.session.offer());
    this.change("established");
    return true;
  }

  /** Refuses the call; 486 where no status is given. */
  reject(status = 486): void {
    if (this.state !== "calling" && this.state !== "ringing") return;
    this.respond(this.#transaction, status);
    this.finish({ by: "local", status });
  }

  /** Rejects while it rings, says BYE afterwards. */
  override hangUp(): void {
    if (this.state === "established") super.hangUp();
    else this.reject(603);
  }

  /** The caller's CANCEL (section 9.2). False: too late. */
  cancelled(): boolean {
    if (this.state !== "calling" && this.state !== "ringing") return false;
    this.respond(this.#transaction, 487);
    this.finish({ by: "remote", status: 487 });
    return true;
  }
}
