import { latin1 } from "@sipmesh/environment";
import * as wire from "@sipmesh/proto/envelope";
import * as flows from "@sipmesh/proto/flow";
import { type Address, type Flow, fromFields, type Transport } from "@sipmesh/sip";
import type { Destination, Envelope } from "./bus.ts";

const NUMBER: Record<Transport, flows.Transport> = {
  udp: flows.Transport.TRANSPORT_UDP,
  tcp: flows.Transport.TRANSPORT_TCP,
  tls: flows.Transport.TRANSPORT_TLS,
  ws: flows.Transport.TRANSPORT_WS,
  wss: flows.Transport.TRANSPORT_WSS,
};

const NAME = new Map<flows.Transport, Transport>(
  Object.entries(NUMBER).map(([name, number]) => [number, name as Transport]),
);

/** A frame that is not one of ours, or of a release that this one does not know. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly code = "bus-frame";
}

export function transportToWire(transport: Transport): flows.Transport {
  return NUMBER[transport];
}

export function transportFromWire(transport: flows.Transport): Transport {
  const name = NAME.get(transport);
  if (name === undefined) throw new FrameError(`unknown transport ${transport}`);
  return name;
}

export function flowToWire(flow: Flow): flows.Flow {
  return {
    edge: flow.edge,
    transport: transportToWire(flow.transport),
    local: flow.local,
    remote: flow.remote,
    connection: flow.connection,
  };
}

export function flowFromWire(flow: flows.Flow): Flow {
  return {
    edge: flow.edge,
    transport: transportFromWire(flow.transport),
    local: addressFromWire(flow.local),
    remote: addressFromWire(flow.remote),
    connection: flow.connection,
  };
}

function addressFromWire(address: Address | undefined): Address {
  if (address === undefined) throw new FrameError("an address is missing");
  return address;
}

function destinationFromWire(destination: wire.Destination): Destination {
  return {
    transport: transportFromWire(destination.transport),
    address: addressFromWire(destination.address),
    ...(destination.host !== "" && { host: destination.host }),
  };
}

function toWire(envelope: Envelope): wire.Envelope {
  switch (envelope.kind) {
    case "inbound":
      return {
        message: {
          $case: "inbound",
          value: {
            raw: view(envelope.raw),
            fields: envelope.message.fields as number[],
            flow: flowToWire(envelope.flow),
            trace: envelope.trace,
            membership: BigInt(envelope.membership),
            passedOn: envelope.passedOn,
            confirm: envelope.confirm,
          },
        },
      };
    case "outbound":
      return {
        message: {
          $case: "outbound",
          value: {
            raw: view(envelope.raw),
            to: way(envelope),
            trace: envelope.trace,
            failureTo: envelope.failureTo ?? "",
            failureKey: envelope.failureKey ?? "",
            keepAlive: envelope.keepAlive ?? 0,
            callId: envelope.callId ?? "",
            confirm: envelope.confirm,
            finalElsewhere: envelope.finalElsewhere ?? false,
          },
        },
      };
    case "send-failure":
      return {
        message: {
          $case: "sendFailure",
          value: { key: envelope.key, reason: envelope.reason, callId: envelope.callId },
        },
      };
    case "confirmation":
      return { message: { $case: "confirmation", value: { numbers: [...envelope.numbers] } } };
    case "handover":
      return { message: { $case: "handover", value: view(envelope.payload) } };
  }
}

function way(envelope: Envelope & { kind: "outbound" }): wire.Outbound["to"] {
  if (envelope.flow !== undefined) return { $case: "flow", value: flowToWire(envelope.flow) };
  if (envelope.destination === undefined) return undefined;
  const { transport, address, host } = envelope.destination;
  return { $case: "destination", value: { transport: transportToWire(transport), address, host: host ?? "" } };
}

function fromWire({ message }: wire.Envelope): Envelope {
  switch (message?.$case) {
    case "inbound": {
      const { raw, fields, flow, trace, membership, passedOn, confirm } = message.value;
      if (flow === undefined) throw new FrameError("the flow of a received message is missing");
      return {
        kind: "inbound",
        message: fromFields(raw, fields, latin1.decode),
        raw,
        flow: flowFromWire(flow),
        trace,
        membership: Number(membership),
        passedOn,
        ...(confirm && { confirm }),
      };
    }
    case "outbound": {
      const { raw, to, trace, failureTo, failureKey, keepAlive, callId, confirm, finalElsewhere } = message.value;
      return {
        kind: "outbound",
        raw,
        ...(to?.$case === "flow" && { flow: flowFromWire(to.value) }),
        ...(to?.$case === "destination" && { destination: destinationFromWire(to.value) }),
        trace,
        ...(failureTo !== "" && { failureTo, failureKey }),
        ...(keepAlive !== 0 && { keepAlive }),
        ...(callId !== "" && { callId }),
        ...(confirm && { confirm }),
        ...(finalElsewhere && { finalElsewhere }),
      };
    }
    case "sendFailure":
      return { kind: "send-failure", ...message.value };
    case "confirmation":
      return { kind: "confirmation", numbers: message.value.numbers };
    case "handover":
      return { kind: "handover", payload: message.value };
    case undefined:
      throw new FrameError("an envelope of an unknown kind");
  }
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The frame of protobuf type `EnvelopeBatch` that holds these envelopes, in order. */
export function encodeFrame(envelopes: readonly Envelope[]): Uint8Array {
  return wire.EnvelopeBatch.encode({ envelopes: envelopes.map(toWire) }).finish();
}

/**
 * Hands out the envelopes of a frame, in order. One that cannot be understood is reported and hinders no other.
 *
 * @throws Error where the frame as a whole cannot be read
 */
export function decodeFrame(frame: Uint8Array, each: (envelope: Envelope) => void, failed: (e: unknown) => void): void {
  for (const received of wire.EnvelopeBatch.decode(frame).envelopes) {
    let envelope: Envelope;
    try {
      envelope = fromWire(received);
    } catch (error) {
      failed(error);
      continue;
    }
    each(envelope);
  }
}
