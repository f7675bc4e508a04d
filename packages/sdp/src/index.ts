export { canonicalAddress, ipVersion, isMulticast, isPrivate, isUnspecified } from "./address.ts";
export { attribute, attributeName, attributeValue } from "./attribute.ts";
export { type Part, replacePart, sdpPart } from "./body.ts";
export { addressOf, connectionAddress, connectionValue } from "./connection.ts";
export { continued, type Told } from "./continuity.ts";
export {
  defaultLimits,
  parse,
  type SdpLimits,
  type Section,
  type SessionDescription,
  serialise,
} from "./description.ts";
export { type Direction, directionOf } from "./direction.ts";
export { SdpError, type SdpProblem } from "./error.ts";
export type { Line } from "./line.ts";
export { type MediaLine, parseMediaLine, withPort } from "./media-line.ts";
export { type Origin, originOf, withVersion } from "./origin.ts";
export { type RelayPlace, relayed } from "./relay.ts";
export { muxOf, type RtcpPlace, rtcpOf } from "./rtcp.ts";
export { type Encoding, encodingsOf } from "./rtp-map.ts";
export { type Place, type Stream, streamsOf } from "./stream.ts";
