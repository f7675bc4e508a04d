import type { Address } from "@sipmesh/sip";
import { type AudioReport, type LoggedMessage, ladder, merged } from "@sipmesh/user-agent";

/** Share of the audio's energy that the other's tone must have to be called clear. */
export const CLEAR = 0.5;

/** What the demo says on the terminal. */
export class Telling {
  readonly #platform: Address;
  readonly #say: (text: string) => void;

  constructor(platform: Address, say: (text: string) => void) {
    this.#platform = platform;
    this.#say = say;
  }

  /** Says what is being done, and when it is done. */
  async step<T>(what: string, work: Promise<T>): Promise<T> {
    this.#say(`${what} … `);
    try {
      const done = await work;
      this.#say("done\n");
      return done;
    } catch (error) {
      this.#say("failed\n");
      throw error;
    }
  }

  /** The messages of one call, as the phones sent and received them. */
  ladder(
    callId: string,
    logs: readonly { readonly participant: string; readonly messages: readonly LoggedMessage[] }[],
  ): void {
    const ofCall = logs.map(({ participant, messages }) => ({
      participant,
      messages: messages.filter((message) => message.callId === callId),
    }));
    const [left, right] = ofCall.map(({ participant }) => participant);
    const { address, port } = this.#platform;
    const nameOf = (peer: Address) =>
      peer.address === address && peer.port === port ? "sipmesh" : `${peer.address}:${peer.port}`;
    const messages = merged(ofCall, nameOf);
    this.#say(`\n${ladder(messages, { participants: [left ?? "", "sipmesh", right ?? ""] })}\n`);
  }

  /** How the audio was that one phone heard. */
  audio(user: string, { sent, received, lost, jitter }: AudioReport, toneShare: number): void {
    const expected = received + Math.max(0, lost);
    const loss = expected === 0 ? 100 : (100 * Math.max(0, lost)) / expected;
    const tone = toneShare > CLEAR ? "the other's tone is clear" : "the other's tone was NOT heard";
    this.#say(
      `${user.padEnd(6)} sent ${sent} packets, received ${received}: loss ${loss.toFixed(1)} %, jitter ${jitter.toFixed(1)} ms, ${tone}\n`,
    );
  }

  /** How the call is found again. */
  found(callId: string, traceId: string | undefined): void {
    this.#say(`\nCall-ID  ${callId}\ntrace    ${traceId ?? "unknown"} (docs/tracing.md)\n`);
  }
}
