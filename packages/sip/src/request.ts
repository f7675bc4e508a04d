import { oneLine } from "./characters.ts";
import { headerLine } from "./edit.ts";
import { type Draft, type Message, noBody, type Request, type Response } from "./message.ts";
import { Name } from "./name.ts";
import { fromDraft } from "./parse.ts";

export interface RequestOptions {
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  /** The Via value of ours, or several, topmost first. */
  readonly via: string | readonly string[];
  /** From value with its tag. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  /** The CSeq number; the method is the request's, as it must be. */
  readonly cseq: number;
  /** 70 unless given (§8.1.1.6). */
  readonly maxForwards?: number;
  /** Route values, topmost first. */
  readonly route?: readonly string[];
  readonly contact?: string;
  /** Further header fields, in order. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

/** A request that we make (RFC 3261 §8.1.1). */
export const request = (options: RequestOptions): Draft => {
  const { method, body = noBody } = options;
  let head = `${method} ${oneLine(options.uri)} SIP/2.0\r\n`;
  for (const via of typeof options.via === "string" ? [options.via] : options.via) head += headerLine("Via", via);
  head += `Max-Forwards: ${options.maxForwards ?? 70}\r\n`;
  for (const route of options.route ?? []) head += headerLine("Route", route);
  head += headerLine("From", options.from);
  head += headerLine("To", options.to);
  head += headerLine("Call-ID", options.callId);
  head += `CSeq: ${options.cseq} ${method}\r\n`;
  if (options.contact !== undefined) head += headerLine("Contact", options.contact);
  for (const [name, value] of options.headers ?? []) head += headerLine(name, value);
  if (options.contentType !== undefined) head += headerLine("Content-Type", options.contentType);
  return { head: `${head}Content-Length: ${body.length}\r\n`, body };
};

const asRequest = (invite: Request | Draft): Request => {
  const message: Message = "kind" in invite ? invite : fromDraft(invite);
  if (message.kind === "request") return message;
  throw new RangeError("an ACK or CANCEL is made from a request");
};

/** What ACK and CANCEL share with their INVITE: Request-URI, topmost Via, Route, From, Call-ID, CSeq number. */
const sharing = (invite: Request, method: string, to: string, headers: RequestOptions["headers"]): Draft =>
  request({
    method,
    uri: invite.uri,
    via: invite.firstOfList(Name.Via) ?? "",
    route: invite.all(Name.Route),
    from: invite.first(Name.From) ?? "",
    to,
    callId: invite.callId,
    cseq: invite.cseq.number,
    headers: headers ?? [],
  });

/** The ACK to a final response other than 2xx (§17.1.1.3), made from the INVITE that was sent. */
export const ackFor = (invite: Request | Draft, answer: Response): Draft =>
  sharing(asRequest(invite), "ACK", answer.first(Name.To) ?? "", []);

/** The CANCEL of an INVITE that was sent (§9.1). `headers`: such as Reason (RFC 3326). */
export const cancelFor = (invite: Request | Draft, headers: RequestOptions["headers"] = []): Draft => {
  const sent = asRequest(invite);
  return sharing(sent, "CANCEL", sent.first(Name.To) ?? "", headers);
};
