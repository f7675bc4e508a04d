import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { challengeOf, credentials } from "./credentials.ts";
import { Dialog } from "./dialog.ts";
import { compose, type Field, type SipText } from "./sip-text.ts";
import { type Place, Wire } from "./wire.ts";

export const random = () => randomBytes(6).toString("hex");

export interface PhoneOptions {
  readonly domain?: string;
  readonly password?: string;
  readonly transport?: "UDP" | "TCP";
  readonly address?: string;
  /** Whether the platform challenges it: set where its domain does not ask for proof. */
  readonly proves?: boolean;
}

export interface Message {
  readonly fields?: readonly Field[];
  readonly body?: string;
  readonly type?: string;
}

/** A session description with one audio stream. */
export const sdp = (port: number, direction = "sendrecv", version = 1, address = "127.0.0.1") =>
  [
    "v=0",
    `o=- 77 ${version} IN IP${address.includes(":") ? 6 : 4} ${address}`,
    "s=-",
    `c=IN IP${address.includes(":") ? 6 : 4} ${address}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 0`,
    "a=rtpmap:0 PCMU/8000",
    `a=${direction}`,
    "",
  ].join("\r\n");

/** A phone made of text: it does nothing by itself, each story says every message that it sends. */
export class Phone {
  readonly wire: Wire;
  readonly user: string;
  readonly domain: string;
  readonly password: string;
  readonly proves: boolean;
  readonly server: Place;
  readonly #registration = random();
  #cseq = 1;
  #proxy: Place | undefined;

  private constructor(wire: Wire, user: string, server: Place, options: PhoneOptions) {
    this.wire = wire;
    this.user = user;
    this.server = server;
    this.domain = options.domain ?? "sipmesh.test";
    this.password = options.password ?? "secret";
    this.proves = options.proves ?? this.domain === "sipmesh.test";
  }

  static async open(
    platform: { readonly address: string; readonly sipPort: number },
    user: string,
    options: PhoneOptions = {},
  ): Promise<Phone> {
    const server = { address: platform.address, port: platform.sipPort };
    const wire = options.transport === "TCP" ? await Wire.tcp(server) : await Wire.udp(server, options.address);
    return new Phone(wire, user, server, options);
  }

  /** A phone on a wire that is there already. */
  static on(wire: Wire, user: string, server: Place, options: PhoneOptions = {}): Phone {
    return new Phone(wire, user, server, options);
  }

  get place(): string {
    const { address, port } = this.wire.local;
    return `${address.includes(":") ? `[${address}]` : address}:${port}`;
  }

  get contact(): string {
    return `sip:${this.user}@${this.place}${this.wire.transport === "TCP" ? ";transport=tcp" : ""}`;
  }

  get identity(): string {
    return `sip:${this.user}@${this.domain}`;
  }

  via(branch = `z9hG4bK${random()}`): Field {
    return ["Via", `SIP/2.0/${this.wire.transport} ${this.place};branch=${branch};rport`];
  }

  /** The text of a request outside a dialog; fields that are given go in place of the usual ones of that name. */
  request(method: string, uri: string, message: Message = {}): string {
    const own = message.fields ?? [];
    const usual: Field[] = [
      this.via(),
      ["Max-Forwards", "70"],
      ["From", `<${this.identity}>;tag=${random()}`],
      ["To", `<${method === "REGISTER" ? this.identity : uri}>`],
      ["Call-ID", random()],
      ["CSeq", `${this.#cseq++} ${method}`],
      ...(method === "REGISTER" ? [] : [["Contact", `<${this.contact}>`] as const]),
    ];
    const fields = usual.filter(([name]) => !own.some(([other]) => other === name));
    const body = message.body ?? "";
    const type: Field[] = body === "" ? [] : [["Content-Type", message.type ?? "application/sdp"]];
    // Via goes first, whoever gave it.
    const vias = own.filter(([name]) => name === "Via");
    return compose(
      `${method} ${uri} SIP/2.0`,
      [...vias, ...fields, ...own.filter(([name]) => name !== "Via"), ...type],
      body,
    );
  }

  send(text: string, to: Place | undefined = this.#proxy): void {
    this.wire.send(text, to);
  }

  /** From here on it sends to another proxy than ours. */
  talksTo(proxy: Place): void {
    this.#proxy = proxy;
  }

  /** Waits for "INVITE", or "180 INVITE"; of one call where its Call-ID is given. "final INVITE": any final response. */
  next(what: string, callId?: string, milliseconds?: number): Promise<SipText> {
    return this.wire.next(
      (message) => fits(message, what) && (callId === undefined || message.callId === callId),
      `${this.user}: ${what}`,
      milliseconds,
    );
  }

  /** Nothing of this kind comes within the time. */
  async hearsNo(what: string, milliseconds = 400): Promise<void> {
    const before = this.heard(what);
    await pause(milliseconds);
    if (this.heard(what) > before) throw new Error(`${this.user} heard ${what}`);
  }

  heard(what: string, callId?: string): number {
    return this.wire.count((one) => fits(one, what) && (callId === undefined || one.callId === callId));
  }

  /** Sends a request outside a dialog, with credentials where it is challenged, and gives the final response. */
  async ask(method: string, uri: string, message: Message = {}): Promise<SipText> {
    const callId = message.fields?.find(([name]) => name === "Call-ID")?.[1] ?? random();
    const withCallId = {
      ...message,
      fields: [...(message.fields ?? []).filter(([n]) => n !== "Call-ID"), ["Call-ID", callId] as const],
    };
    this.send(this.request(method, uri, withCallId));
    const first = await this.next(`final ${method}`, callId);
    if (first.status !== 401 && first.status !== 407) return first;
    const proof = credentials(challengeOf(first), this, method, uri);
    this.send(this.request(method, uri, { ...withCallId, fields: [...withCallId.fields, proof] }));
    return await this.next(`final ${method}`, callId);
  }

  /** Registers `contacts` (this phone unless given) and gives the final response. */
  register(contacts: readonly string[] = [`<${this.contact}>`], more: readonly Field[] = []): Promise<SipText> {
    const fields: Field[] = [
      ["Call-ID", this.#registration],
      ...contacts.map((one): Field => ["Contact", one]),
      ...more,
    ];
    return this.ask("REGISTER", `sip:${this.domain}`, {
      fields: contacts.length > 0 ? fields : [...fields, ["Supported", "path"]],
    });
  }

  /** Starts a call; what challenges ask for is done, everything else is up to the story. */
  async invite(to: string, message: Message = { body: sdp(6_000) }): Promise<Call> {
    const uri = /^[a-z]+:/i.test(to) ? to : `sip:${to}@${this.domain}`;
    const callId = random();
    const tag = random();
    const make = (more: readonly Field[] = []): SentInvite => {
      const branch = `z9hG4bK${random()}`;
      const fixed: Field[] = [
        this.via(branch),
        ["From", `<${this.identity}>;tag=${tag}`],
        ["Call-ID", callId],
        ["CSeq", `${this.#cseq++} INVITE`],
      ];
      const given = message.fields ?? [];
      const fields = [...fixed.filter(([name]) => !given.some(([other]) => other === name)), ...given, ...more];
      const text = this.request("INVITE", uri, { ...message, fields });
      return { text, uri };
    };
    const first = make();
    this.send(first.text);
    if (!this.proves) return new Call(this, first, callId);
    const challenge = await this.next("407 INVITE", callId);
    this.send(ackOf(first.text, challenge));
    const second = make([credentials(challengeOf(challenge), this, "INVITE", uri)]);
    this.send(second.text);
    return new Call(this, second, callId);
  }

  /** Answers a request. */
  reply(request: SipText, status: number, message: Message & { readonly tag?: string } = {}): void {
    const fields: Field[] = request.fields.filter(([name]) =>
      /^(Via|v|From|f|Call-ID|i|CSeq|Record-Route)$/i.test(name),
    ) as Field[];
    const to = request.first("To");
    const tag = message.tag ?? `${this.user}-${request.callId.slice(0, 6)}`;
    fields.push(["To", request.toTag !== undefined || status === 100 ? to : `${to};tag=${tag}`]);
    const own = message.fields ?? [];
    if (status > 100 && status < 300 && !own.some(([name]) => name === "Contact"))
      fields.push(["Contact", `<${this.contact}>`]);
    fields.push(...own);
    const body = message.body ?? "";
    if (body !== "") fields.push(["Content-Type", message.type ?? "application/sdp"]);
    this.send(compose(`SIP/2.0 ${status} ${REASONS[status] ?? "Whatever"}`, fields, body));
  }

  /** The callee's end of a dialog, once it has answered with a tag. */
  dialogOf(invite: SipText, tag = `${this.user}-${invite.callId.slice(0, 6)}`): Dialog {
    return new Dialog(this, {
      callId: invite.callId,
      local: `${invite.first("To")};tag=${tag}`,
      remote: invite.first("From"),
      target: invite.contact,
      routes: invite.list("Record-Route"),
    });
  }

  close(): void {
    this.wire.close();
  }
}

interface SentInvite {
  readonly text: string;
  readonly uri: string;
}

/** A call that a phone has started. */
export class Call {
  readonly phone: Phone;
  readonly callId: string;
  readonly text: string;
  readonly uri: string;

  constructor(phone: Phone, invite: SentInvite, callId: string) {
    this.phone = phone;
    this.callId = callId;
    this.text = invite.text;
    this.uri = invite.uri;
  }

  /** Waits for a status ("180"), or "final". */
  next(what: string, milliseconds?: number): Promise<SipText> {
    return this.phone.next(`${what} INVITE`, this.callId, milliseconds);
  }

  /** Waits for a final response, acknowledges it where it is none of 2xx, and gives the status. */
  async fails(milliseconds?: number): Promise<SipText> {
    const response = await this.next("final", milliseconds);
    if (response.status >= 300) this.phone.send(ackOf(this.text, response));
    return response;
  }

  /** `branch`: in place of the INVITE's own. */
  cancel(branch?: string): void {
    const text = inPlaceOf(this.text, "CANCEL");
    this.phone.send(branch === undefined ? text : text.replace(/branch=\w+/, `branch=${branch}`));
  }

  /** The dialog that a response makes. */
  dialog(response: SipText): Dialog {
    return new Dialog(this.phone, {
      callId: this.callId,
      local: response.first("From"),
      remote: response.first("To"),
      target: response.contact,
      routes: response.list("Record-Route").reverse(),
      cseq: Number(response.first("CSeq").split(" ")[0]),
    });
  }

  /** Waits for the 2xx and acknowledges it. */
  async answered(milliseconds?: number): Promise<Dialog> {
    const dialog = this.dialog(await this.next("200", milliseconds));
    dialog.ack();
    return dialog;
  }
}

/** ACK for a final response other than 2xx: the INVITE's own Via, the response's To. */
export function ackOf(invite: string, response: SipText): string {
  return inPlaceOf(invite, "ACK").replace(/^To:.*$/m, `To: ${response.first("To")}`);
}

function inPlaceOf(invite: string, method: string): string {
  const [head = ""] = invite.split("\r\n\r\n");
  const lines = head
    .split("\r\n")
    .filter((line) => /^(INVITE|Via|Max-Forwards|From|To|Call-ID|CSeq|Route|Proxy-Authorization)/.test(line));
  return `${lines
    .join("\r\n")
    .replace(/^INVITE/, method)
    .replace(/^(CSeq: \d+) INVITE/m, `$1 ${method}`)}\r\nContent-Length: 0\r\n\r\n`;
}

function fits(message: SipText, what: string): boolean {
  if (!what.startsWith("final ")) return message.what === what;
  return message.status >= 200 && message.what.endsWith(what.slice(5));
}

const REASONS: Readonly<Record<number, string>> = {
  100: "Trying",
  180: "Ringing",
  183: "Session Progress",
  200: "OK",
  486: "Busy Here",
  487: "Request Terminated",
  488: "Not Acceptable Here",
  603: "Decline",
};
