import { latin1, type Random, type Timer } from "@sipmesh/environment";
import {
  CNAME,
  decodeG711,
  decodeRtcp,
  decodeRtp,
  encodeG711,
  encodeRtcp,
  encodeRtp,
  type Law,
  mediaPacketKind,
  ntpTime,
  Reception,
  type ReportBlock,
  shareOfTone,
  Tone,
} from "@sipmesh/rtp";
import type { Place } from "@sipmesh/sdp";
import { BindError, type UdpSocket } from "@sipmesh/transport";
import { payloadTypeOf } from "./description.ts";
import type { Surroundings } from "./surroundings.ts";

/** What became of a call's audio on our side. */
export interface AudioReport {
  readonly sent: number;
  readonly received: number;
  /** Packets that were expected and never came; negative where some came twice. */
  readonly lost: number;
  /** Milliseconds (RFC 3550 section 6.4.1). */
  readonly jitter: number;
  /** What the peer reported of ours by RTCP; undefined: nothing. */
  readonly peer?: { readonly lost: number; readonly jitter: number };
}

/** A call's audio as the call sees it. */
export interface Audio {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  /** Sends to these places from now on, or nothing where there is none. */
  direct(remote: Place | undefined, rtcp: Place | undefined, law: Law): void;
  /** The share of a tone in the last second that was heard: near 1 for that tone alone, near 0 without it. */
  hears(frequency: number): number;
  readonly report: AudioReport;
  close(): Promise<void>;
}

/** Stands in session descriptions and neither sends nor hears: for load and simulations of signalling alone. */
export class NoAudio implements Audio {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  readonly report: AudioReport = { sent: 0, received: 0, lost: 0, jitter: 0 };

  constructor({ random }: Surroundings, address: string) {
    this.address = address;
    this.port = somePort(random);
    this.rtcpPort = this.port + 1;
  }

  direct(): void {}

  hears(): number {
    return 0;
  }

  async close(): Promise<void> {}
}

/** Milliseconds of audio in a packet, and samples. */
const FRAME = 20;
const SAMPLES = 160;
/** Samples that are kept to listen to: one second. */
const EAR = 8000;
const RTCP_INTERVAL = 5000;
const FIRST_PORT = 16_384;
const LAST_PORT = 32_766;
const BIND_ATTEMPTS = 50;
/** Milliseconds after which frames that were not sent in time are left out. */
const TOO_LATE = 200;

function somePort(random: Random): number {
  return FIRST_PORT + 2 * random.integer((LAST_PORT - FIRST_PORT) / 2);
}

/** The audio of one call: G.711 over RTP, a steady tone out, statistics of what comes in. */
export class AudioStream implements Audio {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  readonly #surroundings: Surroundings;
  readonly #rtp: UdpSocket;
  readonly #rtcp: UdpSocket;
  readonly #tone: Tone;
  readonly #ssrc: number;
  /** Random, so that it tells nobody who this is (RFC 7022). */
  readonly #name: Uint8Array;
  #sequence: number;
  #timestamp: number;
  #sent = 0;
  #law: Law = "PCMA";
  #remote: Place | undefined;
  #remoteRtcp: Place | undefined;
  #sending: Timer | undefined;
  #reporting: Timer | undefined;
  #reception: Reception | undefined;
  readonly #heard = new Int16Array(EAR);
  #heardSamples = 0;
  #peer: ReportBlock | undefined;
  #closed = false;

  private constructor(surroundings: Surroundings, rtp: UdpSocket, rtcp: UdpSocket, address: string, frequency: number) {
    const { random } = surroundings;
    this.#surroundings = surroundings;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.address = address;
    this.port = rtp.local.port;
    this.rtcpPort = rtcp.local.port;
    this.#tone = new Tone(frequency);
    this.#ssrc = random.integer(0x1_0000_0000);
    this.#name = latin1.encode(random.token(16));
    this.#sequence = random.integer(0x1_0000);
    this.#timestamp = random.integer(0x1_0000_0000);
  }

  /** Takes an even port for RTP and the next for RTCP (RFC 3550 section 11). `frequency`: Hz of the tone. */
  static async open(surroundings: Surroundings, address: string, frequency: number): Promise<AudioStream> {
    const { network, random } = surroundings;
    let stream: AudioStream | undefined;
    const failed = (): void => {};
    for (let attempt = 1; ; attempt++) {
      const port = somePort(random);
      let rtp: UdpSocket | undefined;
      try {
        rtp = await network.udp({ address, port, receive: (bytes) => stream?.receive(bytes), failed });
        const rtcp = await network.udp({ address, port: port + 1, receive: (bytes) => stream?.receive(bytes), failed });
        stream = new AudioStream(surroundings, rtp, rtcp, address, frequency);
        return stream;
      } catch (error) {
        await rtp?.close();
        if (!(error instanceof BindError) || attempt === BIND_ATTEMPTS) throw error;
      }
    }
  }

  direct(remote: Place | undefined, rtcp: Place | undefined, law: Law): void {
    if (this.#closed) return;
    this.#remote = remote;
    this.#remoteRtcp = rtcp;
    this.#law = law;
    if (remote === undefined) {
      this.#sending?.cancel();
      this.#sending = undefined;
    } else if (this.#sending === undefined) {
      this.#frame(this.#surroundings.clock.now(), true);
      this.#reporting ??= this.#surroundings.clock.after(RTCP_INTERVAL, () => this.#report());
    }
  }

  hears(frequency: number): number {
    if (this.#heardSamples < EAR) return shareOfTone(this.#heard.subarray(0, this.#heardSamples), frequency);
    const oldest = this.#heardSamples % EAR;
    const inOrder = new Int16Array(EAR);
    inOrder.set(this.#heard.subarray(oldest));
    inOrder.set(this.#heard.subarray(0, oldest), EAR - oldest);
    return shareOfTone(inOrder, frequency);
  }

  get report(): AudioReport {
    const peer = this.#peer;
    return {
      sent: this.#sent,
      received: this.#reception?.packets ?? 0,
      lost: this.#reception?.peek().lost ?? 0,
      jitter: this.#reception?.jitterMilliseconds ?? 0,
      ...(peer === undefined ? {} : { peer: { lost: peer.lost, jitter: peer.jitter / 8 } }),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sending?.cancel();
    this.#reporting?.cancel();
    await this.#rtp.close();
    await this.#rtcp.close();
  }

  receive(bytes: Uint8Array): void {
    const kind = mediaPacketKind(bytes);
    if (kind === "rtp") this.#listen(bytes);
    else if (kind === "rtcp") {
      for (const packet of decodeRtcp(bytes) ?? []) {
        if (packet.type !== "sender-report" && packet.type !== "receiver-report") continue;
        this.#peer = packet.blocks.find((block) => block.ssrc === this.#ssrc) ?? this.#peer;
      }
    }
  }

  #listen(bytes: Uint8Array): void {
    const packet = decodeRtp(bytes);
    if (packet === undefined) return;
    const law = packet.payloadType === payloadTypeOf("PCMU") ? "PCMU" : "PCMA";
    if (packet.payloadType !== payloadTypeOf(law)) return;
    if (this.#reception?.ssrc !== packet.ssrc) {
      this.#reception = new Reception(packet.ssrc, packet.sequenceNumber, 8000, 0);
    }
    this.#reception.receive(packet.sequenceNumber, packet.timestamp, this.#surroundings.clock.now(), bytes.length);
    for (const sample of decodeG711(packet.payload, law)) this.#heard[this.#heardSamples++ % EAR] = sample;
  }

  /** One frame now, and the next when it is due: a late timer does not slow the stream down. */
  #frame(due: number, first: boolean): void {
    const remote = this.#remote;
    if (remote === undefined) return;
    const payload = encodeG711(this.#tone.next(SAMPLES), this.#law);
    const packet = encodeRtp({
      payloadType: payloadTypeOf(this.#law),
      marker: first,
      sequenceNumber: this.#sequence,
      timestamp: this.#timestamp,
      ssrc: this.#ssrc,
      payload,
    });
    this.#sequence = (this.#sequence + 1) % 0x1_0000;
    this.#timestamp = (this.#timestamp + SAMPLES) % 0x1_0000_0000;
    this.#sent++;
    this.#rtp.send(packet, remote.port, remote.address);
    const now = this.#surroundings.clock.now();
    const next = Math.max(due, now - TOO_LATE) + FRAME;
    const wait = Math.max(0, next - now);
    this.#sending = this.#surroundings.clock.after(wait, () => this.#frame(next, false));
  }

  #report(): void {
    this.#reporting = this.#surroundings.clock.after(RTCP_INTERVAL, () => this.#report());
    const remote = this.#remoteRtcp;
    if (remote === undefined) return;
    const reception = this.#reception;
    const report = reception?.report();
    const blocks =
      reception === undefined || report === undefined
        ? []
        : [{ ssrc: reception.ssrc, ...report, lastReport: 0, delay: 0 }];
    const { seconds, fraction } = ntpTime(this.#surroundings.clock.now());
    const bytes = encodeRtcp([
      {
        type: "sender-report",
        ssrc: this.#ssrc,
        ntpSeconds: seconds,
        ntpFraction: fraction,
        rtpTimestamp: this.#timestamp,
        packets: this.#sent,
        octets: this.#sent * SAMPLES,
        blocks,
      },
      { type: "source-description", chunks: [{ ssrc: this.#ssrc, items: [{ item: CNAME, value: this.#name }] }] },
    ]);
    this.#rtcp.send(bytes, remote.port, remote.address);
  }
}
