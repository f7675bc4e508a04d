import { oneLine } from "./characters.ts";
import { headerLine } from "./edit.ts";
import { stride } from "./fields.ts";
import { type Draft, noBody, type Request } from "./message.ts";
import { Name } from "./name.ts";
import { readNameAddress } from "./name-address.ts";
import { reasonPhrase } from "./reason.ts";

export interface ResponseOptions {
  /** In place of the usual reason phrase. */
  readonly reason?: string;
  /** Given to a To that has no tag (§8.2.6.2); leave it out for 100. */
  readonly toTag?: string;
  /** Further header fields, in order. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** A Contact value. */
  readonly contact?: string;
  /** Copies Record-Route: responses that create a dialog (§12.1.1). */
  readonly recordRoute?: boolean;
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

/** The header fields that a response takes over from its request, and whether (§8.2.6). */
const copied = (name: number, status: number, recordRoute: boolean): boolean => {
  switch (name) {
    case Name.Via:
    case Name.From:
    case Name.To:
    case Name.CallId:
    case Name.CSeq:
      return true;
    case Name.Timestamp:
      return status === 100;
    case Name.RecordRoute:
      return recordRoute;
    default:
      return false;
  }
};

/** The To line with a tag, where it has none yet. A malformed To is left to be as it is, but for the tag. */
const tagged = (line: string, value: string, valueEnd: number, tag: string): string => {
  const address = readNameAddress(value);
  const hasTag = address === undefined ? value.includes(";tag=") : address.tag !== undefined;
  return hasTag ? line : `${line.slice(0, valueEnd)};tag=${tag}\r\n`;
};

/**
 * A response to a request (§8.2.6): Via, From, To, Call-ID, CSeq as they were received, byte for byte. Works for
 * requests that lack any of them or where they are malformed: those that are answered 400.
 */
export const response = (request: Request, status: number, options: ResponseOptions = {}): Draft => {
  const { head, fields } = request;
  const { toTag, body = noBody, recordRoute = false } = options;
  let out = `SIP/2.0 ${status} ${oneLine(options.reason ?? reasonPhrase(status))}\r\n`;
  for (let i = 0; i < fields.length; i += stride) {
    const name = fields[i] as number;
    if (!copied(name, status, recordRoute)) continue;
    const start = fields[i + 1] as number;
    const line = head.slice(start, fields[i + stride + 1] ?? head.length);
    out +=
      name === Name.To && toTag !== undefined
        ? tagged(line, request.valueAt(i), (fields[i + 3] as number) - start, toTag)
        : line;
  }
  if (options.contact !== undefined) out += headerLine("Contact", options.contact);
  for (const [name, value] of options.headers ?? []) out += headerLine(name, value);
  if (options.contentType !== undefined) out += headerLine("Content-Type", options.contentType);
  return { head: `${out}Content-Length: ${body.length}\r\n`, body };
};
