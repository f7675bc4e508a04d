import { hash } from "@sipmesh/environment";
import { Name, parseCredentials, type Request, response } from "@sipmesh/sip";
import { challengeValue, ha1Of, provesPassword, readDigest } from "@sipmesh/sip-core";
import { MessageLog } from "../message-log.ts";
import { SipTransport } from "../sip-transport.ts";
import { type ServerTransaction, TransactionLayer } from "../transaction-layer.ts";
import type { World } from "./world.ts";

/** Answers what proves the password "secret", and challenges the rest with 407; keeps what it received. */
export class ChallengingCallee {
  readonly requests: Request[] = [];
  readonly #world: World;

  private constructor(world: World) {
    this.#world = world;
  }

  static async start(world: World, body: Uint8Array): Promise<ChallengingCallee> {
    const callee = new ChallengingCallee(world);
    const at = { address: "127.0.0.1", port: 5060, transport: "udp" } as const;
    const sockets = await SipTransport.open(at, world, new MessageLog(), {
      received: (message, source) => layer.receive(message, source),
      broken: () => {},
    });
    const layer = new TransactionLayer(world, sockets, {
      request: (transaction) => callee.#request(transaction, body),
      ack: (ack) => callee.requests.push(ack),
      cancel: () => {},
    });
    return callee;
  }

  #request(transaction: ServerTransaction, body: Uint8Array): void {
    const { request } = transaction;
    this.requests.push(request);
    if (this.#isProved(request)) {
      const options = { toTag: "callee", contact: "<sip:bob@127.0.0.1:5060>", contentType: "application/sdp", body };
      transaction.respond(response(request, 200, options), 200);
      return;
    }
    const nonce = this.#world.random.token(8);
    const challenge = challengeValue({
      realm: "example.com",
      nonce,
      algorithm: "SHA-256",
      stale: false,
      qop: ["auth-int"],
    });
    transaction.respond(response(request, 407, { toTag: "callee", headers: [["Proxy-Authenticate", challenge]] }), 407);
  }

  #isProved(request: Request): boolean {
    const value = request.first(Name.ProxyAuthorization);
    const read = value === undefined ? undefined : readDigest(parseCredentials(value));
    if (read?.outcome !== "read") return false;
    const ha1 = ha1Of("SHA-256", "alice", "example.com", "secret", hash);
    return provesPassword(
      read.credentials,
      { method: request.method, ha1, bodyHash: hash.sha256Hex(request.body) },
      hash,
    );
  }
}
