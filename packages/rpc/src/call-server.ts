import { type handleUnaryCall, Metadata, Server, type ServerDuplexStream, type ServiceError } from "@grpc/grpc-js";
import type { Clock } from "@sipmesh/environment";
import { CallsService, type Reply, type ReplyBatch, type Request, type RequestBatch } from "@sipmesh/proto/calls";
import { CHANNEL } from "./channel.ts";
import { Code, RpcError } from "./error.ts";
import type { Security } from "./security.ts";
import type { Served, Services } from "./services.ts";
import { TurnBatch } from "./turn-batch.ts";

/** Requests of one stream that may be under way. */
const IN_FLIGHT = 16_384;
/** Bytes of payload after which a batch is ended. */
const BATCH = 512 * 1024;
/** Milliseconds that a unary call may take whose caller names no deadline. */
const UNARY_DEADLINE = 10_000;
/** Milliseconds for which calls under way may end when the server closes. */
const CLOSE_WITHIN = 500;

/** Where an instance answers: the stream `sipmesh.v1.Calls/Exchange`, and each method as a unary call besides. */
export class CallServer {
  readonly #services: Services;
  readonly #clock: Clock;
  readonly #security: Security;
  readonly #server: Server;
  readonly #streams = new Map<ServerDuplexStream<RequestBatch, ReplyBatch>, TurnBatch<Reply>>();
  /** Requests of all streams that are being answered. */
  #underWay = 0;
  #answeredAll: (() => void) | undefined;
  /** Methods that were ever registered: gRPC forgets none, so each looks up who serves it now. */
  readonly #registered = new Set<string>();

  constructor(services: Services, clock: Clock, security: Security) {
    this.#services = services;
    this.#clock = clock;
    this.#security = security;
    this.#server = new Server({ ...CHANNEL, interceptors: [...security.interceptors] });
    this.#server.addService(CallsService, {
      exchange: (stream: ServerDuplexStream<RequestBatch, ReplyBatch>) => this.#exchange(stream),
    });
  }

  /** @returns the port; @throws Error where the address cannot be bound */
  listen(address: string, port: number): Promise<number> {
    const target = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(target, this.#security.server, (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
  }

  register(served: readonly Served[]): void {
    for (const { method } of served) {
      const { path, responseSerialize, requestDeserialize } = method;
      if (this.#registered.has(path)) continue;
      this.#registered.add(path);
      this.#server.register(path, this.#unary(path), responseSerialize, requestDeserialize, "unary");
    }
  }

  async close(): Promise<void> {
    const answered = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const timer = this.#clock.after(CLOSE_WITHIN, () => {
      answered.resolve();
      ended.resolve();
    });
    this.#answeredAll = () => answered.resolve();
    if (this.#underWay === 0) answered.resolve();
    await answered.promise;
    for (const [stream, replies] of this.#streams) {
      replies.flush();
      stream.end();
    }
    this.#server.tryShutdown(() => ended.resolve());
    await ended.promise;
    timer.cancel();
    this.#server.forceShutdown();
  }

  #exchange(stream: ServerDuplexStream<RequestBatch, ReplyBatch>): void {
    let underWay = 0;
    let gone = false;
    const replies = new TurnBatch<Reply>((batch) => {
      if (!gone) for (const part of inBatches(batch)) stream.write({ replies: part });
    });
    this.#streams.set(stream, replies);
    const end = (): void => {
      gone = true;
      this.#streams.delete(stream);
      replies.clear();
    };
    // Tells the caller that the stream is open.
    stream.sendMetadata(new Metadata());
    stream.on("data", ({ requests }: RequestBatch) => {
      for (const request of requests) {
        if (underWay >= IN_FLIGHT) {
          replies.add(failure(request.id, new RpcError(Code.ResourceExhausted, "too many calls are under way")));
          continue;
        }
        underWay += 1;
        this.#underWay += 1;
        void this.#answer(request).then((reply) => {
          underWay -= 1;
          replies.add(reply);
          this.#underWay -= 1;
          if (this.#underWay === 0) this.#answeredAll?.();
        });
      }
    });
    stream.on("end", () => {
      end();
      stream.end();
    });
    stream.on("error", end);
    stream.on("cancelled", end);
  }

  /** Never rejects. */
  async #answer({ id, method: path, payload, deadline, trace }: Request): Promise<Reply> {
    try {
      const served = this.#services.get(path);
      if (served === undefined) throw new RpcError(Code.Unimplemented, `${path} is not served here`);
      const reply = await this.#services.answer(served, decode(served, payload), { deadline, trace }, false);
      return { id, code: Code.Ok, message: "", payload: served.method.responseSerialize(reply) };
    } catch (error) {
      return failure(id, RpcError.from(error));
    }
  }

  #unary(path: string): handleUnaryCall<unknown, unknown> {
    return (call, callback) => {
      const served = this.#services.get(path);
      const fail = (error: RpcError): void => {
        callback({ code: error.code, details: error.message } as ServiceError);
      };
      if (served === undefined) {
        fail(new RpcError(Code.Unimplemented, `${path} is not served here`));
        return;
      }
      const asked = { deadline: this.#left(call.getDeadline()) };
      Promise.try(() => this.#services.answer(served, call.request, asked, false)).then(
        (reply) => callback(null, reply),
        (error: unknown) => fail(RpcError.from(error)),
      );
    };
  }

  #left(deadline: Date | number): number {
    const left = Number(deadline) - Date.now();
    return Number.isFinite(left) ? left : UNARY_DEADLINE;
  }
}

function decode({ method }: Served, payload: Buffer): unknown {
  try {
    return method.requestDeserialize(payload);
  } catch (error) {
    throw new RpcError(Code.InvalidArgument, `${method.path}: the request cannot be decoded`, error);
  }
}

function failure(id: number, { code, message }: RpcError): Reply {
  return { id, code, message, payload: Buffer.alloc(0) };
}

function* inBatches(replies: Reply[]): Iterable<Reply[]> {
  let from = 0;
  let bytes = 0;
  for (let at = 0; at < replies.length; at++) {
    bytes += (replies[at] as Reply).payload.length;
    if (bytes < BATCH) continue;
    yield replies.slice(from, at + 1);
    from = at + 1;
    bytes = 0;
  }
  if (from < replies.length) yield replies.slice(from);
}
