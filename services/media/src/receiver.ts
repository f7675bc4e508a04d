import { payloadTypeOf, Reception, RTP_HEADER, sequenceNumberOf, ssrcOf, timestampOf } from "@sipmesh/rtp";
import type { Encoding, Stream } from "@sipmesh/sdp";

const DEFAULT_CLOCK_RATE = 8000;

/** What was received from one side on one stream. It counts in place: a packet costs no allocation. */
export class Receiver {
  #rtp = false;
  readonly #clockRates = new Int32Array(128);
  readonly #unpaced = new Uint8Array(128);
  #reception: Reception | undefined;
  #lostBefore = 0;
  packets = 0;
  octets = 0;
  /** Milliseconds of the clock; undefined before the first packet. */
  lastPacket: number | undefined;

  /** Counts on from what another one counted. */
  takeUp({
    packets,
    octets,
    lost,
  }: {
    readonly packets: number;
    readonly octets: number;
    readonly lost: number;
  }): void {
    this.packets = packets;
    this.octets = octets;
    this.#lostBefore = lost;
  }

  expect(stream: Stream): void {
    this.#rtp = stream.rtp;
    this.#clockRates.fill(0);
    this.#unpaced.fill(0);
    for (const encoding of stream.encodings) {
      this.#clockRates[encoding.payloadType] = encoding.clockRate;
      this.#unpaced[encoding.payloadType] = isUnpaced(encoding) ? 1 : 0;
    }
  }

  receive(bytes: Uint8Array, now: number): void {
    this.packets++;
    this.octets += bytes.length;
    this.lastPacket = now;
    if (!this.#rtp || bytes.length < RTP_HEADER) return;
    const payloadType = payloadTypeOf(bytes);
    const sequenceNumber = sequenceNumberOf(bytes);
    const ssrc = ssrcOf(bytes);
    let reception = this.#reception;
    if (reception === undefined || reception.ssrc !== ssrc) {
      // Another source takes over, as after a transfer: its sequence numbers have nothing to do with the former's.
      if (reception !== undefined) this.#lostBefore += reception.peek().lost;
      // Signalling vouches for the source, so it needs no probation (RFC 3550 A.1).
      reception = new Reception(ssrc, sequenceNumber, this.#clockRates[payloadType] || DEFAULT_CLOCK_RATE, 0);
      this.#reception = reception;
    }
    reception.receive(sequenceNumber, timestampOf(bytes), now, bytes.length, this.#unpaced[payloadType] === 0);
  }

  /** RFC 3550 §6.4.1: negative where packets came twice. */
  get lost(): number {
    return this.#lostBefore + (this.#reception?.peek().lost ?? 0);
  }

  /** Milliseconds. */
  get jitter(): number {
    return this.#reception?.jitterMilliseconds ?? 0;
  }
}

/** RFC 4733 §2.2: the packets of one event bear the timestamp of its beginning. */
function isUnpaced(encoding: Encoding): boolean {
  return encoding.name.toLowerCase() === "telephone-event";
}
