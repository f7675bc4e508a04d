import { type Draft, Name, noBody, parseUri, type Request, request, response } from "@sipmesh/sip";
import { dialogKeyOfRequest } from "@sipmesh/sip-core";
import type { Agent } from "./agent.ts";
import { type Audio, AudioStream, NoAudio } from "./audio.ts";
import { Authenticator } from "./authenticator.ts";
import { ALLOW, type Call, SDP } from "./call.ts";
import type { DialogUser } from "./dialog-user.ts";
import { IncomingCall } from "./incoming-call.ts";
import { type LoggedMessage, MessageLog } from "./message-log.ts";
import { type CallOptions, OutgoingCall, targetOf } from "./outgoing-call.ts";
import { literalPeer, type Peer, peerText } from "./peer.ts";
import { Registration } from "./registration.ts";
import { sendAuthenticated } from "./request-sender.ts";
import type { UserAgentSettings } from "./settings.ts";
import { SipTransport } from "./sip-transport.ts";
import type { Surroundings } from "./surroundings.ts";
import { type ServerTransaction, TransactionLayer } from "./transaction-layer.ts";

const MOST_CALLS = 8;

/** A softphone: it registers, calls and is called, and talks G.711 (RFC 3261, as user agent client and server). */
export class UserAgent {
  readonly settings: UserAgentSettings;
  readonly #surroundings: Surroundings;
  readonly #log = new MessageLog();
  readonly #server: Peer;
  readonly #calls = new Set<Call>();
  /** Requests of the peer find their call by this. */
  readonly #dialogs = new Map<string, DialogUser>();
  /** Calls that come, while their sockets are opened and until they end. */
  readonly #opening = new Map<ServerTransaction, { cancelled: boolean }>();
  readonly #offered = new Map<ServerTransaction, IncomingCall>();
  readonly #callHandlers = new Set<(call: IncomingCall) => void>();
  #transport!: SipTransport;
  #layer!: TransactionLayer;
  #agent!: Agent;
  #registration!: Registration;
  #closed = false;

  private constructor(settings: UserAgentSettings, surroundings: Surroundings) {
    this.settings = settings;
    this.#surroundings = surroundings;
    this.#server = { ...settings.server, transport: settings.transport };
  }

  /** Opens its sockets; nothing is sent yet. Fails with `BindError`. */
  static async start(settings: UserAgentSettings, surroundings: Surroundings): Promise<UserAgent> {
    const made = new UserAgent(settings, surroundings);
    await made.#open();
    return made;
  }

  /** The address that Via and Contact name. */
  get local(): { readonly address: string; readonly port: number } {
    return this.#transport.local;
  }

  /** Every SIP message that it sent and received lately, the oldest first. */
  get log(): readonly LoggedMessage[] {
    return this.#log.entries;
  }

  /** Seconds that the registrar granted last; 0: not registered. */
  get registered(): number {
    return this.#registration.granted;
  }

  /** The calls that have not ended. */
  get calls(): readonly Call[] {
    return [...this.#calls];
  }

  /** Transactions that are not over. */
  get transactions(): number {
    return this.#layer.size;
  }

  onMessage(run: (message: LoggedMessage) => void): { close(): void } {
    return this.#log.listen(run);
  }

  /** Called with each call that comes, to ring, answer or reject it. Nobody there: 480. */
  onCall(run: (call: IncomingCall) => void): { close(): void } {
    this.#callHandlers.add(run);
    return { close: () => this.#callHandlers.delete(run) };
  }

  /** Registers and stays registered. Seconds granted; fails with `RegistrationFailed`. */
  register(): Promise<number> {
    return this.#registration.register();
  }

  unregister(): Promise<void> {
    return this.#registration.unregister();
  }

  /** Calls "bob", "bob@example.com", a number or a URI. */
  async call(target: string, options: CallOptions = {}): Promise<OutgoingCall> {
    const audio = await this.#agent.openAudio();
    const call = new OutgoingCall(this.#agent, audio, targetOf(target, this.settings.addressOfRecord), options);
    this.#keep(call);
    call.start();
    return call;
  }

  /** Sends a request outside of a dialog (OPTIONS, MESSAGE); gives the status of its final response, 408, or 503. */
  request(method: string, target: string, headers: readonly (readonly [string, string])[] = []): Promise<number> {
    const uri = targetOf(target, this.settings.addressOfRecord);
    const { random } = this.#surroundings;
    const callId = `${random.token(20)}@${this.local.address}`;
    const tag = random.token(12);
    let cseq = 0;
    const make = (): { draft: Draft; peer: Peer } => {
      cseq++;
      const draft = request({
        method,
        uri,
        via: this.#agent.via(),
        from: `${this.#agent.from};tag=${tag}`,
        to: `<${uri}>`,
        callId,
        cseq,
        contact: this.#agent.contact,
        headers: [...headers, ...this.#agent.authenticator.headers(method, uri, noBody)],
      });
      return { draft, peer: this.#server };
    };
    return new Promise((resolve) => {
      sendAuthenticated(this.#layer, this.#agent.authenticator, make, {
        response: ({ status }) => {
          if (status >= 200) resolve(status);
        },
        failed: (cause) => resolve(cause === "timeout" ? 408 : 503),
      });
    });
  }

  /** Closes at once: no BYE, no REGISTER. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#registration.stop();
    for (const call of [...this.#calls]) call.drop();
    this.#layer.stop();
    await this.#transport.close();
  }

  async #open(): Promise<void> {
    const { settings } = this;
    const { network } = this.#surroundings;
    const address = settings.local?.address ?? network.localAddressToward(settings.server.address);
    const at = { address, port: settings.local?.port ?? 0, transport: settings.transport };
    this.#transport = await SipTransport.open(at, this.#surroundings, this.#log, {
      received: (message, source) => this.#guard(() => this.#layer.receive(message, source)),
      broken: (peer) => this.#guard(() => this.#layer.broken(peer)),
    });
    this.#layer = new TransactionLayer(this.#surroundings, this.#transport, {
      request: (transaction) => this.#request(transaction),
      ack: (ack) => this.#dialogs.get(dialogKeyOfRequest(ack))?.acknowledged(ack),
      cancel: (transaction, invite) => this.#cancel(transaction, invite),
    });
    this.#agent = this.#makeAgent();
    this.#registration = new Registration(this.#agent);
  }

  #makeAgent(): Agent {
    const { settings } = this;
    const surroundings = this.#surroundings;
    const transport = this.#transport;
    const place = peerText(transport.local);
    const uri = parseUri(settings.addressOfRecord);
    const user = uri.kind === "sip" && uri.userText !== undefined ? `${uri.userText}@` : "";
    const parameter = settings.transport === "tcp" ? ";transport=tcp" : "";
    const name = settings.displayName === undefined ? "" : `"${settings.displayName}" `;
    return {
      surroundings,
      settings,
      transport,
      layer: this.#layer,
      authenticator: new Authenticator(settings.secret, surroundings.random),
      server: this.#server,
      contact: `<sip:${user}${place}${parameter}>`,
      from: `${name}<${settings.addressOfRecord}>`,
      via: () =>
        `SIP/2.0/${settings.transport.toUpperCase()} ${place};branch=z9hG4bK${surroundings.random.token(20)};rport`,
      peerOf: (text) => literalPeer(text, settings.transport) ?? this.#server,
      openAudio: () => this.#openAudio(),
      within: (key, user) => this.#dialogs.set(key, user),
      sendStateless: (draft, peer) => transport.send(draft, peer),
    };
  }

  #openAudio(): Promise<Audio> {
    const { tone } = this.settings;
    const { address } = this.#transport.local;
    if (tone === false) return Promise.resolve(new NoAudio(this.#surroundings, address));
    return AudioStream.open(this.#surroundings, address, tone ?? 440);
  }

  #keep(call: Call): void {
    this.#calls.add(call);
    call.onChange((state) => {
      if (state === "ended") this.#forget(call);
    });
  }

  #forget(call: Call): void {
    this.#calls.delete(call);
    for (const [key, other] of this.#dialogs) if (other === call) this.#dialogs.delete(key);
    for (const [transaction, other] of this.#offered) if (other === call) this.#offered.delete(transaction);
  }

  #request(transaction: ServerTransaction): void {
    const { request: received } = transaction;
    const { method } = received;
    if (received.to.tag !== undefined) {
      const call = this.#dialogs.get(dialogKeyOfRequest(received));
      if (call === undefined) this.#answer(transaction, 481);
      else call.receive(transaction);
      return;
    }
    const required = received.list(Name.Require);
    if (required.length > 0) this.#answer(transaction, 420, [["Unsupported", required.join(", ")]]);
    else if (method === "INVITE") this.#offer(transaction);
    else if (method === "OPTIONS")
      this.#answer(transaction, 200, [
        ["Allow", ALLOW],
        ["Accept", SDP],
      ]);
    else this.#answer(transaction, 405, [["Allow", ALLOW]]);
  }

  #offer(transaction: ServerTransaction): void {
    const { request: received } = transaction;
    const refusal = this.#refusalOf(received);
    if (refusal !== undefined) {
      this.#answer(transaction, refusal);
      return;
    }
    // Until its sockets are open the call is one that a CANCEL finds.
    const early = { cancelled: false };
    this.#opening.set(transaction, early);
    this.#agent.openAudio().then(
      (audio) => this.#opened(transaction, audio, early.cancelled),
      (error: unknown) => {
        this.#opening.delete(transaction);
        this.#surroundings.report?.(error);
        this.#answer(transaction, 500);
      },
    );
  }

  #refusalOf(received: Request): number | undefined {
    if (this.#callHandlers.size === 0) return 480;
    if (this.#calls.size + this.#opening.size >= (this.settings.mostCalls ?? MOST_CALLS)) return 486;
    return this.#isMerged(received) ? 482 : undefined;
  }

  #opened(transaction: ServerTransaction, audio: Audio, cancelled: boolean): void {
    this.#opening.delete(transaction);
    if (this.#closed || cancelled) {
      audio.close().catch((error: unknown) => this.#surroundings.report?.(error));
      if (cancelled) this.#answer(transaction, 487);
      return;
    }
    const call = new IncomingCall(this.#agent, audio, transaction);
    this.#keep(call);
    this.#offered.set(transaction, call);
    this.#guard(() => {
      for (const handler of this.#callHandlers) handler(call);
    });
  }

  /** The same request by two ways (section 8.2.2.2). */
  #isMerged(received: Request): boolean {
    const same = (other: Request): boolean =>
      other.callId === received.callId &&
      other.from.tag === received.from.tag &&
      other.cseq.number === received.cseq.number;
    return [...this.#offered.keys(), ...this.#opening.keys()].some((transaction) => same(transaction.request));
  }

  #cancel(transaction: ServerTransaction, invite: ServerTransaction | undefined): void {
    const opening = invite && this.#opening.get(invite);
    if (opening !== undefined) opening.cancelled = true;
    const call = invite && this.#offered.get(invite);
    // Section 9.2: 200 also where it came too late, 481 only where there is no such INVITE.
    this.#answer(transaction, invite === undefined ? 481 : 200);
    call?.cancelled();
  }

  #answer(transaction: ServerTransaction, status: number, headers: readonly (readonly [string, string])[] = []): void {
    const toTag = this.#surroundings.random.token(12);
    transaction.respond(response(transaction.request, status, { toTag, headers }), status);
  }

  /** What the application's handlers throw, or a peer's message makes fail, ends neither socket nor process. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#surroundings.report?.(error);
    }
  }
}
