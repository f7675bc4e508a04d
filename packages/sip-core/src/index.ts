export {
  confirmed,
  type Dialog,
  dialogKey,
  dialogKeyOfRequest,
  dialogOfCallee,
  dialogOfCaller,
  type Received,
  receiveAnswer,
  receiveWithin,
} from "./dialog/dialog.ts";
export { answer, noSession, type OfferAnswer, offer, refuse } from "./dialog/offer-answer.ts";
export {
  acknowledges,
  inOrder,
  isReliableProvisional,
  rackValue,
  sequenceOf,
} from "./dialog/reliable-provisional.ts";
export { ackWithin, nextHop, requestWithin, type Within } from "./dialog/request-within.ts";
export { type Algorithm, type BaseAlgorithm, baseOf, type Hash, readAlgorithm } from "./digest/algorithm.ts";
export { type Answer, answerValue, type ReceivedChallenge, readChallenge } from "./digest/answer.ts";
export { challengeValue, type DigestChallenge } from "./digest/challenge.ts";
export { meansRequest, provesPassword } from "./digest/check.ts";
export { type DigestCredentials, type ReadCredentials, readDigest } from "./digest/credentials.ts";
export { equalInConstantTime } from "./digest/equal.ts";
export { type DigestInput, digestResponse, ha1Of } from "./digest/response.ts";
export { NonceCounter } from "./nonce/counter.ts";
export { type NonceContent, type NonceFinding, readNonce, sealNonce } from "./nonce/nonce.ts";
export { type DialogToken, openDialogToken, sealDialogToken } from "./proxy/dialog-token.ts";
export { type FlowReference, flowHash, listenerHash, nameHash, referenceTo } from "./proxy/flow-reference.ts";
export { bearsLocalTag, localTag } from "./proxy/local-tag.ts";
export { behindNat } from "./proxy/nat.ts";
export { proxy, startProxy } from "./proxy/proxy.ts";
export type {
  Branch,
  Candidate,
  Described,
  Held,
  MediaPolicy,
  Owner,
  Plan,
  ProxyEffect,
  ProxyEvent,
  ProxyTimer,
  ProxyTools,
  ResponseContext,
} from "./proxy/response-context.ts";
export { resumeProxy } from "./proxy/resume.ts";
export { type IsOwn, type RouteInformation, recordedToken } from "./proxy/route-processing.ts";
export type { Sealer } from "./proxy/sealer.ts";
export { type DescriptionPart, descriptionIn, withDescription } from "./proxy/session-description.ts";
export type { Side } from "./proxy/side.ts";
export {
  type AckRefusal,
  type AckRoute,
  forwardAck,
  forwardUnknown,
  routeAck,
  routeUnknown,
  type UnknownMedia,
  type UnknownResponse,
} from "./proxy/stateless.ts";
export { isReliable, type Target, type Way } from "./proxy/target.ts";
export { isAcceptance } from "./proxy/transactions.ts";
export { type Binding, contactValue, currentBindings, sameContact } from "./registrar/binding.ts";
export { defaultRegistrarPolicy, type RegistrarPolicy } from "./registrar/policy.ts";
export { type HeaderField, type RegisterFacts, type RegisterResult, register } from "./registrar/register.ts";
export { NO_EFFECTS, type Step } from "./step.ts";
export { traceName, traceNameOf } from "./trace-name.ts";
export type { ClientEvent, ServerEvent, TimerName, TransactionEffect } from "./transaction/effects.ts";
export { type InviteClient, inviteClient, startInviteClient } from "./transaction/invite-client.ts";
export { type InviteServer, inviteServer, startInviteServer } from "./transaction/invite-server.ts";
export {
  clientKey,
  clientTransactionKey,
  inviteKeyOf,
  serverTransactionKey,
  upstreamTransactionKey,
} from "./transaction/keys.ts";
export { type NonInviteClient, nonInviteClient, startNonInviteClient } from "./transaction/non-invite-client.ts";
export { type NonInviteServer, nonInviteServer, startNonInviteServer } from "./transaction/non-invite-server.ts";
export { nonInviteTrying, rfcTimers, type TimerSettings, transactionLife } from "./transaction/timers.ts";
