export { type Allocate, type EncodeInto, toBytes } from "./bytes.ts";
export { isAddress6, isToken, ownText, readNumber } from "./characters.ts";
export { type Contact, parseContact, parseContacts, readContact, readQ, readSeconds } from "./contact.ts";
export {
  type Challenge,
  type Credentials,
  parseChallenge,
  parseCredentials,
  readAuthParameters,
  readChallenge,
  readCredentials,
} from "./credentials.ts";
export { type CSeq, parseCSeq, readCSeq } from "./cseq.ts";
export { Edit } from "./edit.ts";
export { canonicalEscapes, decodeEscapes, escapeUser } from "./escape.ts";
export { type Address, type Flow, isSameAddress, type Transport } from "./flow.ts";
export { ipBytes, ipText } from "./ip.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export { splitList } from "./list.ts";
export { type Decode, type Draft, isRequest, type Message, noBody, type Request, type Response } from "./message.ts";
export { Name, nameOf, nameText } from "./name.ts";
export { type NameAddress, parseNameAddress, readNameAddress } from "./name-address.ts";
export { noParameters, type Parameters, quote, unquote } from "./parameters.ts";
export { fromDraft, fromFields, type ParseResult, parseDatagram, type Refused } from "./parse.ts";
export { MessageError, type Problem } from "./problem.ts";
export { reasonPhrase } from "./reason.ts";
export { ackFor, cancelFor, type RequestOptions, request } from "./request.ts";
export { type ResponseOptions, response } from "./response.ts";
export { addressOfRecord, sameUri } from "./same-uri.ts";
export { type FrameEvent, StreamFramer } from "./stream.ts";
export { hostPort, type OtherUri, parseUri, readUri, type SipUri, schemeOf, type TelUri, type Uri } from "./uri.ts";
export { validate } from "./validate.ts";
export { branchCookie, parseVia, readVia, sentByMatches, type Via } from "./via.ts";
