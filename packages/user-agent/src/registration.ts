import type { Timer } from "@sipmesh/environment";
import { type Draft, Name, noBody, parseContact, type Response, readSeconds, request } from "@sipmesh/sip";
import { sameContact } from "@sipmesh/sip-core";
import type { Agent } from "./agent.ts";
import type { Peer } from "./peer.ts";
import { sendAuthenticated } from "./request-sender.ts";

/** The registrar refused, or did not answer. */
export class RegistrationFailed extends Error {
  /** 408: no answer; 503: could not be sent. */
  readonly status: number;

  constructor(status: number, reason: string) {
    super(`the registrar did not take the registration: ${status} ${reason}`);
    this.name = "RegistrationFailed";
    this.status = status;
  }
}

/** Milliseconds until a refresh that failed is tried again. */
const RETRY = 5000;
const LONGEST_RETRY = 60_000;

/** Keeps one contact registered (RFC 3261 section 10.2): refreshes it in time, and after failures again and again. */
export class Registration {
  readonly #agent: Agent;
  readonly #callId: string;
  readonly #tag: string;
  #sequence = 0;
  #expires: number;
  #refresh: Timer | undefined;
  #ping: Timer | undefined;
  #wanted = false;
  #granted = 0;

  constructor(agent: Agent) {
    const { random } = agent.surroundings;
    this.#agent = agent;
    this.#callId = `${random.token(20)}@${agent.transport.local.address}`;
    this.#tag = random.token(12);
    this.#expires = agent.settings.expires ?? 3600;
  }

  /** Seconds that were granted last; 0: not registered. */
  get granted(): number {
    return this.#granted;
  }

  /** Registers, and stays registered. Gives the seconds that were granted; fails with `RegistrationFailed`. */
  async register(): Promise<number> {
    this.#wanted = true;
    const granted = await this.#send(this.#expires);
    if (this.#wanted) this.#schedule(granted);
    return granted;
  }

  async unregister(): Promise<void> {
    this.stop();
    await this.#send(0);
  }

  /** Ends refreshes and keep-alives; the binding ends by itself. */
  stop(): void {
    this.#wanted = false;
    this.#refresh?.cancel();
    this.#ping?.cancel();
    this.#ping = undefined;
  }

  #schedule(granted: number): void {
    const { clock } = this.#agent.surroundings;
    this.#refresh?.cancel();
    // In time for a retransmission or two, and for a registrar that starts again.
    this.#refresh = clock.after(granted * 800, () => this.#again(RETRY));
    const interval = this.#agent.settings.keepAlive ?? (this.#agent.settings.transport === "tcp" ? 30_000 : 0);
    if (interval > 0 && this.#ping === undefined) this.#keepAlive(interval);
  }

  #again(retry: number): void {
    this.#send(this.#expires).then(
      (granted) => {
        if (this.#wanted) this.#schedule(granted);
      },
      () => {
        this.#granted = 0;
        if (!this.#wanted) return;
        const next = Math.min(2 * retry, LONGEST_RETRY);
        this.#refresh = this.#agent.surroundings.clock.after(retry, () => this.#again(next));
      },
    );
  }

  #keepAlive(interval: number): void {
    this.#ping = this.#agent.surroundings.clock.after(interval, () => {
      this.#agent.transport.ping(this.#agent.server);
      this.#keepAlive(interval);
    });
  }

  #send(expires: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const agent = this.#agent;
      sendAuthenticated(agent.layer, agent.authenticator, () => this.#make(expires), {
        response: (response) => {
          if (response.status < 200) return;
          if (response.status < 300) {
            this.#granted = expires === 0 ? 0 : this.#grantedBy(response, expires);
            resolve(this.#granted);
            return;
          }
          const least = readSeconds(response.first(Name.MinExpires) ?? "") ?? 0;
          if (response.status === 423 && least > expires && expires > 0) {
            this.#expires = least;
            this.#send(least).then(resolve, reject);
            return;
          }
          reject(new RegistrationFailed(response.status, response.reason));
        },
        failed: (cause) =>
          reject(
            cause === "timeout"
              ? new RegistrationFailed(408, "Request Timeout")
              : new RegistrationFailed(503, "Service Unavailable"),
          ),
      });
    });
  }

  #make(expires: number): { draft: Draft; peer: Peer } {
    const agent = this.#agent;
    const { addressOfRecord } = agent.settings;
    const uri = `sip:${addressOfRecord.slice(addressOfRecord.indexOf("@") + 1)}`;
    this.#sequence++;
    const draft = request({
      method: "REGISTER",
      uri,
      via: agent.via(),
      from: `${agent.from};tag=${this.#tag}`,
      to: agent.from,
      callId: this.#callId,
      cseq: this.#sequence,
      contact: agent.contact,
      headers: [["Expires", String(expires)], ...agent.authenticator.headers("REGISTER", uri, noBody)],
    });
    return { draft, peer: agent.server };
  }

  /** The response lists all contacts: ours says what holds (section 10.2.4). */
  #grantedBy(response: Response, asked: number): number {
    const ours = parseContact(this.#agent.contact).uri;
    for (const value of response.list(Name.Contact)) {
      const contact = parseContact(value);
      if (contact.expires !== undefined && sameContact(contact.uri, ours)) return contact.expires;
    }
    return readSeconds(response.first(Name.Expires) ?? "") ?? asked;
  }
}
