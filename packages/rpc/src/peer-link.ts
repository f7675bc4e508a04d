import { Client, type ClientDuplexStream, Metadata } from "@grpc/grpc-js";
import type { Clock, Timer } from "@sipmesh/environment";
import { CallsService, type ReplyBatch, type Request, type RequestBatch } from "@sipmesh/proto/calls";
import { deadlineExceeded } from "./deadline.ts";
import { Code, RpcError } from "./error.ts";
import type { CallOptions } from "./rpc.ts";
import type { Security } from "./security.ts";
import type { AnyMethod } from "./services.ts";
import { TurnBatch } from "./turn-batch.ts";

/** Calls to one peer that may be under way or wait. */
const IN_FLIGHT = 8192;
/** Bytes of payload after which a batch is ended. */
const BATCH = 512 * 1024;
/** Milliseconds until a stream to a peer must be open. */
const OPEN_WITHIN = 2000;
/**
 * Milliseconds between attempts to reach a peer. A stream that was open for as long is opened anew at once: not every
 * silence is a death, a process that gets no processor for a second loses all its connections while its peers live on.
 */
const AGAIN_AFTER = 250;
/** Attempts that fail in a row until that is told: a peer that has just ended is on the list of presence for a moment. */
const TELL_AFTER = 12;

/** Somebody who answers calls. */
export interface Peer {
  readonly instance: string;
  readonly address: string;
  readonly port: number;
}

/** What a link tells of its peer. */
export interface LinkObserver {
  lost(reason: string): void;
  unreachable(reason: string): void;
}

interface Pending {
  readonly method: AnyMethod;
  readonly request: unknown;
  readonly options: CallOptions;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: RpcError) => void;
  /** Told where another peer may be asked: the call was surely not carried out, or may be carried out twice. */
  readonly elsewhere: (error: RpcError) => void;
  readonly due: number;
  timer: Timer | undefined;
}

/**
 * The stream to one peer: opened anew for as long as the peer is there, and dropped where the peer is silent. Requests
 * of one turn of the event loop travel together.
 */
export class PeerLink {
  readonly peer: Peer;
  readonly #clock: Clock;
  readonly #security: Security;
  readonly #observer: LinkObserver;
  readonly #sent = new Map<number, Pending>();
  readonly #batch = new TurnBatch<Pending>((calls) => this.#send(calls));
  #waiting: Pending[] = [];
  #unflushed = 0;
  #client: Client | undefined;
  #stream: ClientDuplexStream<RequestBatch, ReplyBatch> | undefined;
  #state: "opening" | "open" | "down" = "down";
  #blocked = false;
  /** Attempts that failed in a row, and why the last one did. */
  #failures = 0;
  #why = "";
  #timer: Timer | undefined;
  #openSince = 0;
  #nextId = 1;
  #closed = false;

  constructor(peer: Peer, clock: Clock, security: Security, observer: LinkObserver) {
    this.peer = peer;
    this.#clock = clock;
    this.#security = security;
    this.#observer = observer;
    this.#open();
  }

  /** "down": the last attempt to reach the peer failed. */
  get state(): "opening" | "open" | "down" {
    return this.#state;
  }

  get idle(): boolean {
    return this.#sent.size === 0 && this.#waiting.length === 0 && this.#unflushed === 0;
  }

  /** Settles within the deadline. `elsewhere` is called instead of a rejection where another peer may be asked. */
  call(
    method: AnyMethod,
    request: unknown,
    options: CallOptions,
    elsewhere: (error: RpcError) => void,
    resolve: (reply: unknown) => void,
    reject: (error: RpcError) => void,
  ): void {
    if (this.#closed || this.#state === "down") {
      elsewhere(this.#unavailable(`cannot be reached (${this.#why})`));
      return;
    }
    if (this.#sent.size + this.#waiting.length + this.#unflushed >= IN_FLIGHT) {
      reject(new RpcError(Code.ResourceExhausted, `${method.path}: ${IN_FLIGHT} calls are under way already`));
      return;
    }
    const due = this.#clock.now() + options.deadline;
    const call: Pending = { method, request, options, resolve, reject, elsewhere, due, timer: undefined };
    if (this.#state === "opening" || this.#blocked) {
      call.timer = this.#clock.after(options.deadline, () => this.#expireWaiting(call));
      this.#waiting.push(call);
      return;
    }
    this.#unflushed += 1;
    this.#batch.add(call);
  }

  close(): void {
    this.#closed = true;
    this.#down("closed");
  }

  #open(): void {
    this.#state = "opening";
    const { address, port } = this.peer;
    const target = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    const client = new Client(target, this.#security.channel(), this.#security.channelOptions);
    const { path, requestSerialize, responseDeserialize } = CallsService.exchange;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
    this.#client = client;
    this.#stream = stream;
    this.#timer = this.#clock.after(OPEN_WITHIN, () => this.#down("the stream does not open"));
    stream.on("metadata", () => this.#opened(stream));
    stream.on("data", (batch: ReplyBatch) => this.#receive(batch));
    stream.on("drain", () => this.#drained(stream));
    const gone = (reason: string): void => {
      if (this.#stream === stream) this.#down(reason);
    };
    stream.on("error", (error) => gone(error.message));
    stream.on("end", () => gone("ended by the peer"));
  }

  #opened(stream: unknown): void {
    if (this.#stream !== stream || this.#state !== "opening") return;
    this.#timer?.cancel();
    this.#state = "open";
    this.#openSince = this.#clock.now();
    this.#failures = 0;
    this.#sendWaiting();
  }

  #drained(stream: unknown): void {
    if (this.#stream !== stream) return;
    this.#blocked = false;
    if (this.#state === "open") this.#sendWaiting();
  }

  #sendWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const call of waiting) {
      call.timer?.cancel();
      this.#unflushed += 1;
      this.#batch.add(call);
    }
  }

  #send(calls: Pending[]): void {
    this.#unflushed -= calls.length;
    if (this.#stream === undefined || this.#state !== "open") {
      for (const call of calls) call.elsewhere(this.#unavailable(`cannot be reached (${this.#why})`));
      return;
    }
    const now = this.#clock.now();
    let requests: Request[] = [];
    let bytes = 0;
    for (const call of calls) {
      const request = this.#encode(call, now);
      if (request === undefined) continue;
      requests.push(request);
      bytes += request.payload.length;
      if (bytes < BATCH) continue;
      this.#write(requests);
      requests = [];
      bytes = 0;
    }
    if (requests.length > 0) this.#write(requests);
  }

  #encode(call: Pending, now: number): Request | undefined {
    const deadline = call.due - now;
    if (deadline <= 0) {
      call.reject(deadlineExceeded(call.method.path, call.options.deadline));
      return undefined;
    }
    let payload: Buffer;
    try {
      payload = call.method.requestSerialize(call.request as never);
    } catch (error) {
      call.reject(new RpcError(Code.Internal, `${call.method.path}: the request cannot be encoded`, error));
      return undefined;
    }
    const id = this.#nextId;
    this.#nextId = id === 0xffffffff ? 1 : id + 1;
    this.#sent.set(id, call);
    call.timer = this.#clock.after(deadline, () => setImmediate(() => this.#expire(id)));
    return { id, method: call.method.path, payload, deadline, trace: call.options.trace };
  }

  #write(requests: Request[]): void {
    if (this.#stream?.write({ requests }) === false) this.#blocked = true;
  }

  #receive({ replies }: ReplyBatch): void {
    for (const { id, code, message, payload } of replies) {
      const call = this.#sent.get(id);
      // The caller has given up.
      if (call === undefined) continue;
      this.#sent.delete(id);
      call.timer?.cancel();
      if (code !== Code.Ok) {
        // A peer that leaves serves no more what it is still asked for.
        if (code === Code.Unimplemented) call.elsewhere(this.#unavailable(`is leaving (${message})`));
        else call.reject(new RpcError(code, message));
        continue;
      }
      try {
        call.resolve(call.method.responseDeserialize(payload));
      } catch (error) {
        call.reject(new RpcError(Code.Internal, `${call.method.path}: the reply cannot be decoded`, error));
      }
    }
  }

  /**
   * One turn after the timer: a process that got no processor for a while sees its timers before the replies that have
   * come meanwhile.
   */
  #expire(id: number): void {
    const call = this.#sent.get(id);
    if (call === undefined) return;
    this.#sent.delete(id);
    call.reject(deadlineExceeded(call.method.path, call.options.deadline));
  }

  #expireWaiting(call: Pending): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== call);
    call.reject(deadlineExceeded(call.method.path, call.options.deadline));
  }

  #down(reason: string): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#timer?.cancel();
    const wasOpen = this.#state === "open";
    this.#state = "down";
    this.#blocked = false;
    // A listener must stay: the stream may still tell why it ended.
    stream?.cancel();
    this.#client?.close();
    this.#why = reason;
    this.#failures = wasOpen ? 0 : this.#failures + 1;
    if (wasOpen && !this.#closed) this.#observer.lost(reason);
    if (this.#failures === TELL_AFTER && !this.#closed) this.#observer.unreachable(reason);
    const sent = [...this.#sent.values()];
    const waiting = this.#waiting;
    this.#sent.clear();
    this.#waiting = [];
    if (!this.#closed) {
      if (wasOpen && this.#clock.now() - this.#openSince >= AGAIN_AFTER) this.#open();
      else this.#timer = this.#clock.after(AGAIN_AFTER, () => this.#open());
    }
    this.#failAll(sent, waiting, reason);
  }

  /** The calls that were sent, and those that were not. */
  #failAll(sent: readonly Pending[], waiting: readonly Pending[], reason: string): void {
    for (const call of sent) {
      call.timer?.cancel();
      const error = this.#unavailable(`went away during the call (${reason})`);
      if (call.options.repeatable) call.elsewhere(error);
      else call.reject(error);
    }
    for (const call of waiting) {
      call.timer?.cancel();
      call.elsewhere(this.#unavailable(reason));
    }
  }

  #unavailable(why: string): RpcError {
    return new RpcError(Code.Unavailable, `the instance "${this.peer.instance}" ${why}`);
  }
}
