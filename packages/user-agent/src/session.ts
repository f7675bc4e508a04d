import type { Law } from "@sipmesh/rtp";
import type { Direction } from "@sipmesh/sdp";
import { answer, noSession, type OfferAnswer, offer, refuse } from "@sipmesh/sip-core";
import type { Audio } from "./audio.ts";
import { answeringDirection, answerOf, type LocalMedia, offerOf, type RemoteMedia } from "./description.ts";

/** The session of a call: who offered and answered what (RFC 3264), and where our audio goes for that. */
export class Session {
  readonly #audio: Audio;
  readonly #id: number;
  #exchange: OfferAnswer<{ readonly media: RemoteMedia | LocalMedia }> = noSession();
  #remote: RemoteMedia | undefined;
  #law: Law = "PCMA";
  #version = 0;
  #holding = false;

  /** `id` stands in the `o=` line of all our descriptions. */
  constructor(audio: Audio, id: number) {
    this.#audio = audio;
    this.#id = id;
  }

  /** What the peer said last; undefined: nothing yet. */
  get remote(): RemoteMedia | undefined {
    return this.#remote;
  }

  /** Whose offer is not answered yet. */
  get open(): "local" | "remote" | undefined {
    return this.#exchange.pending?.by;
  }

  /** Our offer, noted as open where none is. */
  offer(): Uint8Array {
    const media = this.#describe(this.#holding ? "sendonly" : "sendrecv");
    this.#exchange = offer(this.#exchange, "local", { media }) ?? this.#exchange;
    return offerOf(media);
  }

  /** Our offer to hold the call, or to take it up again (RFC 3264 section 8.4). Undefined: another offer is open. */
  offerHold(holding: boolean): { readonly body: Uint8Array; refused(): void } | undefined {
    if (this.open !== undefined) return undefined;
    const before = this.#holding;
    this.#holding = holding;
    const refused = (): void => {
      this.#exchange = refuse(this.#exchange);
      this.#holding = before;
    };
    return { body: this.offer(), refused };
  }

  /** The peer's answer to our open offer. False: there is none. */
  takeAnswer(remote: RemoteMedia): boolean {
    const agreed = answer(this.#exchange, "remote", { media: remote });
    if (agreed === undefined) return false;
    this.#exchange = agreed;
    this.#take(remote);
    return true;
  }

  /** What the 2xx says, where a provisional response, perhaps of another fork, answered before. */
  takeLastAnswer(remote: RemoteMedia): boolean {
    const { agreed } = this.#exchange;
    if (agreed === undefined) return this.takeAnswer(remote);
    this.#exchange = { agreed: { ...agreed, remote: { media: remote } } };
    this.#take(remote);
    return true;
  }

  /** Our answer to the peer's offer; undefined where another offer is open. */
  answer(remote: RemoteMedia): Uint8Array | undefined {
    const offered = offer(this.#exchange, "remote", { media: remote });
    if (offered === undefined) return undefined;
    this.#law = remote.laws[0] ?? "PCMA";
    const local = { ...this.#describe(answeringDirection(remote.direction, this.#holding)), laws: [this.#law] };
    this.#exchange = answer(offered, "local", { media: local }) ?? offered;
    this.#take(remote);
    return answerOf(local, remote);
  }

  #describe(direction: Direction): LocalMedia {
    const { address, port, rtcpPort } = this.#audio;
    this.#version++;
    const laws: readonly Law[] = this.#remote === undefined ? ["PCMA", "PCMU"] : [this.#law];
    return { address, port, rtcpPort, sessionId: this.#id, version: this.#version, laws, direction };
  }

  #take(remote: RemoteMedia): void {
    this.#remote = remote;
    this.#law = remote.laws[0] ?? this.#law;
    const wanted = remote.direction === "sendrecv" || remote.direction === "recvonly";
    const place = wanted && !this.#holding ? remote.place : undefined;
    this.#audio.direct(place, place && remote.rtcp, this.#law);
  }
}
