import { hash } from "@sipmesh/environment";
import { Name, parseCredentials, response } from "@sipmesh/sip";
import {
  type Binding,
  challengeValue,
  ha1Of,
  NonceCounter,
  provesPassword,
  readDigest,
  register,
} from "@sipmesh/sip-core";
import { MessageLog } from "../message-log.ts";
import { SipTransport } from "../sip-transport.ts";
import { type ServerTransaction, TransactionLayer } from "../transaction-layer.ts";
import type { World } from "./world.ts";

/** A registrar for one user, with digest, of the parts that this package and sip-core have. */
export class TestRegistrar {
  bindings: readonly Binding[] = [];
  readonly log = new MessageLog();
  /** Nonces made so far; the next challenge names the next one. */
  nonces = 0;
  minExpires = 60;
  readonly #counter = new NonceCounter(100);
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  static async start(world: World, transport: "udp" | "tcp" = "udp"): Promise<TestRegistrar> {
    const registrar = new TestRegistrar(world);
    const at = { address: "127.0.0.1", port: 5060, transport };
    const user = {
      request: (transaction: ServerTransaction) => registrar.#request(transaction),
      ack: () => {},
      cancel: () => {},
    };
    const sockets = await SipTransport.open(at, world, registrar.log, {
      received: (message, source) => layer.receive(message, source),
      broken: (peer) => layer.broken(peer),
    });
    const layer = new TransactionLayer(world, sockets, user);
    return registrar;
  }

  /** Forgets the nonces that it made: their users are told stale=true. */
  forget(): void {
    this.#counter.expire(this.nonces);
  }

  #request(transaction: ServerTransaction): void {
    const { request } = transaction;
    const answer = (status: number, headers: readonly (readonly [string, string])[]): void =>
      transaction.respond(response(request, status, { toTag: "registrar", headers }), status);
    const verdict = this.#verdict(transaction);
    if (verdict !== "ok") {
      this.nonces++;
      const nonce = String(this.nonces);
      const challenge = {
        realm: "example.com",
        nonce,
        algorithm: "MD5",
        stale: verdict === "stale",
        qop: ["auth"],
      } as const;
      answer(401, [["WWW-Authenticate", challengeValue(challenge)]]);
      return;
    }
    const expires = request.first(Name.Expires);
    const facts = {
      contacts: request.list(Name.Contact),
      ...(expires === undefined ? {} : { expires }),
      callId: request.callId,
      cseq: request.cseq.number,
      path: [],
      supported: [],
      require: [],
      userAgent: "",
      nat: false,
    };
    const policy = {
      defaultExpires: 3600,
      minExpires: this.minExpires,
      maxExpires: 7200,
      maxContacts: 5,
      maxValueLength: 500,
    };
    const result = register(this.bindings, facts, this.#world.clock.now(), policy);
    if (result.outcome === "registered") this.bindings = result.bindings;
    answer(result.outcome === "registered" ? 200 : result.status, result.headerFields);
  }

  #verdict({ request }: ServerTransaction): "ok" | "stale" | "missing" {
    const value = request.first(Name.Authorization);
    const read = value === undefined ? undefined : readDigest(parseCredentials(value));
    if (read?.outcome !== "read") return "missing";
    const { credentials } = read;
    const ha1 = ha1Of("MD5", "alice", "example.com", "secret", hash);
    if (!provesPassword(credentials, { method: request.method, ha1 }, hash)) return "missing";
    return this.#counter.use(Number(credentials.nonce), credentials.protection?.count) ? "ok" : "stale";
  }
}
