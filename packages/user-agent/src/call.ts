import type { Direction } from "@sipmesh/sdp";
import { type Draft, fromDraft, Name, noBody, type Request, type Response, response } from "@sipmesh/sip";
import {
  ackWithin,
  type Dialog,
  dialogKey,
  nextHop,
  receiveAnswer,
  receiveWithin,
  requestWithin,
} from "@sipmesh/sip-core";
import type { Agent } from "./agent.ts";
import type { Audio, AudioReport } from "./audio.ts";
import { type RemoteMedia, readMedia } from "./description.ts";
import type { DialogUser } from "./dialog-user.ts";
import type { Peer } from "./peer.ts";
import { sendAuthenticated } from "./request-sender.ts";
import { Session } from "./session.ts";
import type { ServerTransaction } from "./transaction-layer.ts";
import { Unacknowledged } from "./unacknowledged.ts";

/** "calling": nobody answered yet; "ringing": a provisional response other than 100 came or went. */
export type CallState = "calling" | "ringing" | "established" | "ended";

/** How a call ended: who ended it, and with which status. */
export interface CallEnd {
  readonly by: "local" | "remote" | "failure";
  /** The final response to the INVITE where the call was never established; 408 where none came. */
  readonly status?: number;
}

export const ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS";
export const SDP = "application/sdp";

/** A call with one peer, once both know of each other: a dialog, its session, its audio. */
export abstract class Call implements DialogUser {
  readonly direction: "outgoing" | "incoming";
  readonly callId: string;
  readonly localTag: string;
  protected readonly agent: Agent;
  protected readonly audio: Audio;
  protected readonly session: Session;
  protected dialog: Dialog | undefined;
  #state: CallState = "calling";
  #end: CallEnd | undefined;
  #byeAfterAck = false;
  readonly #listeners = new Set<(state: CallState) => void>();
  readonly #unacknowledged: Unacknowledged;
  /** Resolves when the call is established (true), or has ended without that (false). */
  readonly established: Promise<boolean>;
  /** Resolves when the call has ended. */
  readonly ended: Promise<CallEnd>;

  protected constructor(
    direction: Call["direction"],
    agent: Agent,
    audio: Audio,
    ids: { readonly callId: string; readonly localTag: string },
  ) {
    this.direction = direction;
    this.agent = agent;
    this.audio = audio;
    this.callId = ids.callId;
    this.localTag = ids.localTag;
    this.session = new Session(audio, agent.surroundings.random.integer(0x1_0000_0000));
    this.#unacknowledged = new Unacknowledged(agent.surroundings, () => this.#bye({ by: "failure" }));
    this.established = new Promise((resolve) => {
      this.onChange((state) => {
        if (state === "established" || state === "ended") resolve(state === "established");
      });
    });
    this.ended = new Promise((resolve) => {
      this.onChange(() => {
        if (this.#end !== undefined) resolve(this.#end);
      });
    });
  }

  get state(): CallState {
    return this.#state;
  }

  /** Why it ended; undefined: it has not. */
  get end(): CallEnd | undefined {
    return this.#end;
  }

  get report(): AudioReport {
    return this.audio.report;
  }

  /** The tag of the peer; empty before there is a dialog. */
  get remoteTag(): string {
    return this.dialog?.remoteTag ?? "";
  }

  /** What the peer wants of media, seen from the peer; undefined: not known yet. */
  get remoteDirection(): Direction | undefined {
    return this.session.remote?.direction;
  }

  /** Where our audio goes; undefined: nowhere now. */
  get remoteMedia(): RemoteMedia["place"] {
    return this.session.remote?.place;
  }

  /** The share of a tone in what is heard: near 1 for that tone alone. */
  hears(frequency: number): number {
    return this.audio.hears(frequency);
  }

  /** Called after each change of the state. */
  onChange(run: (state: CallState) => void): { close(): void } {
    this.#listeners.add(run);
    return { close: () => this.#listeners.delete(run) };
  }

  /** Ends an established call with BYE; what that means before, the caller and the callee know. */
  hangUp(): void {
    if (this.#state !== "established" || this.dialog === undefined) return;
    // Section 15: the callee sends no BYE before the ACK came, or is not to be expected any more.
    if (this.#unacknowledged.any) {
      this.#byeAfterAck = true;
      return;
    }
    this.#bye({ by: "local" });
  }

  /** Offers a session that is held (sendonly), or one that is not (RFC 3264 section 8.4). False: refused, or not now. */
  async hold(holding: boolean): Promise<boolean> {
    if (this.#state !== "established" || this.dialog === undefined) return false;
    const offered = this.session.offerHold(holding);
    if (offered === undefined) return false;
    const taken = await this.#reinvite(offered.body);
    if (!taken) offered.refused();
    return taken;
  }

  /** A request of the peer inside the dialog. */
  receive(transaction: ServerTransaction): void {
    const { request } = transaction;
    const received = this.dialog && receiveWithin(this.dialog, request);
    if (received?.outcome !== "accepted") {
      this.respond(transaction, received === undefined ? 481 : 500);
      return;
    }
    this.dialog = received.dialog;
    switch (request.method) {
      case "BYE":
        this.respond(transaction, 200);
        this.finish({ by: "remote" });
        break;
      case "INVITE":
        this.#receiveOffer(transaction);
        break;
      case "OPTIONS":
        this.respond(transaction, 200, [["Allow", ALLOW]]);
        break;
      default:
        this.respond(transaction, 405, [["Allow", ALLOW]]);
    }
  }

  /** The ACK of one of our 2xx; it may bear the answer. */
  acknowledged(request: Request): void {
    if (!this.#unacknowledged.acknowledged(request.cseq.number)) return;
    if (this.session.open === "local") {
      const media = readMedia(request.body);
      if (media === undefined || !this.session.takeAnswer(media)) this.#byeAfterAck = true;
    }
    if (this.#byeAfterAck && !this.#unacknowledged.any) this.#bye({ by: "local" });
  }

  /** Ends it for us without a word to the peer. */
  drop(): void {
    this.finish({ by: "local" });
  }

  protected change(state: CallState): void {
    if (this.#state === state || this.#state === "ended") return;
    this.#state = state;
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        this.agent.surroundings.report?.(error);
      }
    }
  }

  protected finish(end: CallEnd): void {
    if (this.#state === "ended") return;
    this.#end = end;
    this.#unacknowledged.stop();
    this.audio.close().catch((error: unknown) => this.agent.surroundings.report?.(error));
    this.change("ended");
  }

  protected respond(
    transaction: ServerTransaction,
    status: number,
    headers: readonly (readonly [string, string])[] = [],
  ): void {
    transaction.respond(response(transaction.request, status, { toTag: this.localTag, headers }), status);
  }

  /** A 2xx with our session description. */
  protected respondWithSession(transaction: ServerTransaction, body: Uint8Array): void {
    const draft = response(transaction.request, 200, {
      toTag: this.localTag,
      contact: this.agent.contact,
      recordRoute: true,
      headers: [["Allow", ALLOW]],
      body,
      contentType: SDP,
    });
    this.#unacknowledged.send(transaction, draft);
  }

  protected sendAck(invite: Draft | Request, answered: Response, body?: Uint8Array): Draft | undefined {
    const { dialog } = this;
    if (dialog === undefined) return undefined;
    const sent = "kind" in invite ? invite : (fromDraft(invite) as Request);
    const headers = [
      ...sent.all(Name.Authorization).map((value) => ["Authorization", value] as const),
      ...sent.all(Name.ProxyAuthorization).map((value) => ["Proxy-Authorization", value] as const),
    ];
    const what = { via: this.agent.via(), headers, ...(body === undefined ? {} : { body, contentType: SDP }) };
    const ack = ackWithin(dialog, answered.cseq.number, what);
    this.agent.sendStateless(ack, this.agent.peerOf(nextHop(dialog)));
    return ack;
  }

  /** A re-INVITE (section 14.2). */
  #receiveOffer(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (this.session.open === "local") this.respond(transaction, 491);
    else if (this.session.open !== undefined || this.#unacknowledged.any) {
      this.respond(transaction, 500, [["Retry-After", String(this.agent.surroundings.random.integer(10))]]);
    } else if (request.body.length === 0) {
      this.respondWithSession(transaction, this.session.offer());
    } else {
      const media = readMedia(request.body);
      const body = media && this.session.answer(media);
      if (body === undefined) this.respond(transaction, 488);
      else this.respondWithSession(transaction, body);
    }
  }

  #reinvite(body: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      let ack: Draft | undefined;
      const make = (): { draft: Draft; peer: Peer } => {
        const draft = this.#requestInside("INVITE", body);
        return { draft, peer: this.agent.peerOf(nextHop(this.dialog as Dialog)) };
      };
      sendAuthenticated(this.agent.layer, this.agent.authenticator, make, {
        response: (answered, sent) => {
          if (answered.status < 200 || this.dialog === undefined) return;
          if (answered.status >= 300) {
            resolve(false);
            // Section 14.1: 481 and 408 end the dialog, not only the request.
            if (answered.status === 481 || answered.status === 408) this.#bye({ by: "failure" });
            return;
          }
          if (ack !== undefined) {
            this.agent.sendStateless(ack, this.agent.peerOf(nextHop(this.dialog)));
            return;
          }
          this.dialog = receiveAnswer(this.dialog, answered);
          ack = this.sendAck(sent, answered);
          const media = readMedia(answered.body);
          resolve(media !== undefined && this.session.takeAnswer(media));
        },
        failed: () => {
          resolve(false);
          this.#bye({ by: "failure" });
        },
      });
      this.onChange(() => resolve(false));
    });
  }

  #requestInside(method: string, body?: Uint8Array): Draft {
    const dialog = this.dialog as Dialog;
    const headers = [
      ...this.agent.authenticator.headers(method, dialog.remoteTarget, body ?? noBody),
      ...(method === "INVITE" ? ([["Allow", ALLOW]] as const) : []),
    ];
    const made = requestWithin(dialog, {
      method,
      via: this.agent.via(),
      headers,
      ...(method === "INVITE" ? { contact: this.agent.contact } : {}),
      ...(body === undefined ? {} : { body, contentType: SDP }),
    });
    this.dialog = made.dialog;
    return made.request;
  }

  /** Says BYE; the call is over for us whatever the answer is (section 15.1.1). */
  #bye(end: CallEnd): void {
    if (this.#state === "ended" || this.dialog === undefined) return;
    this.sayBye();
    this.finish(end);
  }

  protected sayBye(): void {
    const make = (): { draft: Draft; peer: Peer } => {
      const draft = this.#requestInside("BYE");
      return { draft, peer: this.agent.peerOf(nextHop(this.dialog as Dialog)) };
    };
    sendAuthenticated(this.agent.layer, this.agent.authenticator, make, { response: () => {}, failed: () => {} });
  }

  /** The dialog is there: later requests of the peer find this call. */
  protected confirm(dialog: Dialog): void {
    this.dialog = dialog;
    this.agent.within(dialogKey(dialog), this);
  }
}
