import type { Timer } from "@sipmesh/environment";
import { cancelFor, type Draft, fromDraft, noBody, type Request, type Response, request } from "@sipmesh/sip";
import { confirmed, type Dialog, dialogOfCaller, nextHop, rfcTimers, transactionLife } from "@sipmesh/sip-core";
import type { Agent } from "./agent.ts";
import type { Audio } from "./audio.ts";
import { ALLOW, Call, type CallEnd, SDP } from "./call.ts";
import { readMedia } from "./description.ts";
import type { Peer } from "./peer.ts";
import { sendAuthenticated } from "./request-sender.ts";

export interface CallOptions {
  /** The session is offered by the peer, in its 2xx (RFC 3261 section 13.2.1). */
  readonly offerless?: boolean;
  /** Further header fields of the INVITE. */
  readonly headers?: readonly (readonly [string, string])[];
}

/** A call that we make (RFC 3261 section 13.2). */
export class OutgoingCall extends Call {
  readonly target: string;
  readonly #options: CallOptions;
  #sequence: number;
  #body: Uint8Array | undefined;
  /** What was sent last, and whether an answer to it came. */
  #sent: Draft | undefined;
  #provisional = false;
  #cancelled = false;
  #giveUp: Timer | undefined;
  #attempt: { abandon(): void } | undefined;
  /** The ACK of each 2xx, by the tag of who answered: forks may answer more than once. */
  readonly #acks = new Map<string, { readonly ack: Draft; readonly peer: Peer }>();

  constructor(agent: Agent, audio: Audio, target: string, options: CallOptions) {
    const { random } = agent.surroundings;
    super("outgoing", agent, audio, { callId: `${random.token(20)}@${audio.address}`, localTag: random.token(12) });
    this.target = target;
    this.#options = options;
    this.#sequence = random.integer(0x10000) + 1;
    if (options.offerless !== true) this.#body = this.session.offer();
  }

  /** Sends the INVITE. */
  start(): void {
    this.#attempt = sendAuthenticated(this.agent.layer, this.agent.authenticator, () => this.#invite(), {
      response: (response, sent) => this.#response(response, sent),
      failed: (cause) => this.#fail(cause === "timeout" ? 408 : 503, "failure"),
    });
  }

  /** Ends the call: by CANCEL while it is not answered (section 9.1), by BYE afterwards. */
  override hangUp(): void {
    if (this.state === "established") {
      super.hangUp();
      return;
    }
    if (this.state === "ended" || this.#cancelled) return;
    this.#cancelled = true;
    if (this.#provisional) this.#cancel();
  }

  override drop(): void {
    this.#giveUp?.cancel();
    super.drop();
  }

  #invite(): { draft: Draft; peer: Peer } {
    const { agent } = this;
    this.#sequence++;
    const body = this.#body ?? noBody;
    const draft = request({
      method: "INVITE",
      uri: this.target,
      via: agent.via(),
      from: `${agent.from};tag=${this.localTag}`,
      to: `<${this.target}>`,
      callId: this.callId,
      cseq: this.#sequence,
      contact: agent.contact,
      headers: [
        ["Allow", ALLOW],
        ...agent.authenticator.headers("INVITE", this.target, body),
        ...(this.#options.headers ?? []),
      ],
      ...(body.length > 0 ? { body, contentType: SDP } : {}),
    });
    this.#sent = draft;
    this.#provisional = false;
    return { draft, peer: agent.server };
  }

  /** Section 9.1: not before a provisional response; and if no final one comes then, the call is over all the same. */
  #cancel(): void {
    if (this.#sent === undefined || this.#giveUp !== undefined) return;
    const { agent } = this;
    agent.layer.send(cancelFor(this.#sent), agent.server, { response: () => {}, failed: () => {} });
    const life = transactionLife(agent.surroundings.timers ?? rfcTimers);
    this.#giveUp = agent.surroundings.clock.after(life, () => {
      this.#attempt?.abandon();
      this.finish({ by: "local", status: 408 });
    });
  }

  #response(response: Response, sent: Draft): void {
    if (response.status < 200) this.#ring(response);
    else if (response.status < 300) this.#answer(response, sent);
    else this.#fail(response.status, "remote");
  }

  #ring(response: Response): void {
    this.#provisional = true;
    if (this.#cancelled) this.#cancel();
    if (response.status === 100 || this.state === "ended") return;
    // Early media: the answer may come with any provisional response, the 2xx repeats it (section 13.2.1).
    const media = readMedia(response.body);
    if (media !== undefined && this.#body !== undefined) this.session.takeAnswer(media);
    this.change("ringing");
  }

  #answer(response: Response, sent: Draft): void {
    const tag = response.to.tag ?? "";
    const known = this.#acks.get(tag);
    if (known !== undefined) {
      this.agent.sendStateless(known.ack, known.peer);
      return;
    }
    this.#giveUp?.cancel();
    const dialog = confirmed(dialogOfCaller(fromDraft(sent) as Request, response), response);
    if (this.state === "established" || this.state === "ended") this.#decline(dialog, response, sent);
    else this.#establish(dialog, response, sent);
  }

  #establish(dialog: Dialog, response: Response, sent: Draft): void {
    this.confirm(dialog);
    const media = readMedia(response.body);
    let body: Uint8Array | undefined;
    let agreed = false;
    if (this.#body === undefined) {
      // Our answer travels in the ACK, whatever it says: without one in common the call ends at once (section 13.2.2.4).
      body = media && this.session.answer(media);
      agreed = body !== undefined;
    } else {
      agreed = media === undefined ? this.remoteDirection !== undefined : this.session.takeLastAnswer(media);
    }
    const ack = this.sendAck(sent, response, body);
    if (ack !== undefined) {
      this.#acks.set(dialog.remoteTag, { ack, peer: this.agent.peerOf(nextHop(dialog)) });
    }
    this.change("established");
    // The 2xx and our CANCEL crossed, or there is nothing to talk with.
    if (this.#cancelled || !agreed) super.hangUp();
  }

  /** Another fork answered too: one is enough (section 13.2.2.4). */
  #decline(dialog: Dialog, response: Response, sent: Draft): void {
    const kept = this.dialog;
    this.dialog = dialog;
    const ack = this.sendAck(sent, response);
    if (ack !== undefined) {
      this.#acks.set(dialog.remoteTag, { ack, peer: this.agent.peerOf(nextHop(dialog)) });
    }
    this.sayBye();
    this.dialog = kept;
  }

  #fail(status: number, by: CallEnd["by"]): void {
    this.#giveUp?.cancel();
    if (this.state !== "established") this.finish({ by: this.#cancelled ? "local" : by, status });
  }
}

/** The URI that a user typed: "bob", "bob@example.com", "+4930…", or a URI. */
export function targetOf(text: string, addressOfRecord: string): string {
  if (/^(?:sips?|tel):/i.test(text)) return text;
  if (text.includes("@")) return `sip:${text}`;
  return `sip:${text}@${addressOfRecord.slice(addressOfRecord.indexOf("@") + 1)}`;
}
