import type { Message, Phone } from "./phone.ts";
import { random } from "./phone.ts";
import { compose, type Field, type SipText } from "./sip-text.ts";

export interface DialogState {
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly target: string;
  readonly routes: readonly string[];
  readonly cseq?: number;
}

/** One end of a dialog: its requests follow the route set. */
export class Dialog {
  readonly #phone: Phone;
  readonly #state: DialogState;
  #cseq: number;

  constructor(phone: Phone, state: DialogState) {
    this.#phone = phone;
    this.#state = state;
    this.#cseq = state.cseq ?? 100;
  }

  get routes(): readonly string[] {
    return this.#state.routes;
  }

  get cseq(): number {
    return this.#cseq;
  }

  get target(): string {
    return this.#state.target;
  }

  text(method: string, message: Message = {}, cseq = this.#cseq): string {
    const { callId, local, remote, target, routes } = this.#state;
    const body = message.body ?? "";
    const given = message.fields ?? [];
    const usual: Field[] = [
      this.#phone.via(`z9hG4bK${random()}`),
      ["Max-Forwards", "70"],
      ["From", local],
      ["To", remote],
      ["Call-ID", callId],
      ["CSeq", `${cseq} ${method}`],
      ...(method === "ACK" || method === "BYE" ? [] : [["Contact", `<${this.#phone.contact}>`] as const]),
      ...routes.map((route): Field => ["Route", route]),
    ];
    const fields = [...usual.filter(([name]) => !given.some(([other]) => other === name)), ...given];
    if (body !== "") fields.push(["Content-Type", message.type ?? "application/sdp"]);
    return compose(`${method} ${target} SIP/2.0`, fields, body);
  }

  send(method: string, message: Message = {}): void {
    this.#cseq += 1;
    this.#phone.send(this.text(method, message));
  }

  ack(message: Message = {}, cseq = this.#cseq): void {
    this.#phone.send(this.text("ACK", message, cseq));
  }

  /** Sends a request and gives its final response. */
  async ask(method: string, message: Message = {}): Promise<SipText> {
    this.send(method, message);
    return await this.#phone.next(`final ${method}`, this.#state.callId);
  }

  /** The other end takes the BYE. */
  async hangUp(other: Phone): Promise<void> {
    this.send("BYE");
    const bye = await other.next("BYE", this.#state.callId);
    other.reply(bye, 200);
    await this.#phone.next("200 BYE", this.#state.callId);
  }
}
