import type { Flow, Request, Response } from "@sipmesh/sip";
import { fromDraft, response } from "@sipmesh/sip";
import { proxy, startProxy } from "../proxy/proxy.ts";
import type {
  Owner,
  Plan,
  ProxyEffect,
  ProxyEvent,
  ProxyTimer,
  ProxyTools,
  ResponseContext,
} from "../proxy/response-context.ts";
import { resumeProxy } from "../proxy/resume.ts";
import type { Sealer } from "../proxy/sealer.ts";
import type { Target, Way } from "../proxy/target.ts";
import { rfcTimers } from "../transaction/timers.ts";

/** 29 bytes that depend on the text, by FNV-1a: nobody attacks the tests. */
function digest(text: string): Uint8Array {
  const bytes = new Uint8Array(29);
  for (let i = 0; i < bytes.length; i++) {
    let hash = 0x811c9dc5 ^ i;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    bytes[i] = (hash ^ (hash >>> 16)) & 0xff;
  }
  return bytes;
}

/** Authenticates as the real one does, with tokens and marks of the real one's length; hides nothing. */
export const testSealer: Sealer = {
  seal(content, bound) {
    const bytes = new Uint8Array(29 + content.length);
    bytes.set(digest(`${content.join()} ${bound}`));
    bytes.set(content, 29);
    return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  },
  open(token, bound) {
    if (!/^[\w-]+$/.test(token) || token.length % 4 === 1) return undefined;
    const bytes = Uint8Array.fromBase64(token, { alphabet: "base64url" });
    const content = bytes.subarray(29);
    const expected = digest(`${content.join()} ${bound}`);
    return bytes.length > 29 && expected.every((byte, i) => byte === bytes[i]) ? content : undefined;
  },
  mark: (text) =>
    Array.from(digest(text).subarray(0, 13), (byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte & 31]).join(""),
};

export const testTools: ProxyTools = {
  sealer: testSealer,
  isOwn: (host, port) => host === "192.0.2.1" && (port ?? 5060) === 5060,
  timers: rfcTimers,
  owner: 7,
  capabilities: [["Accept", "application/sdp"]],
};

export const callerFlow: Flow = {
  edge: "edge-1",
  transport: "udp",
  local: { address: "192.0.2.1", port: 5060 },
  remote: { address: "198.51.100.7", port: 5060 },
  connection: 0,
};

export const plan: Plan = { recordRoute: true, media: "never", ringTime: 120_000 };

export function wayTo(address: string): Way {
  return {
    edge: "edge-1",
    transport: "udp",
    local: { address: "192.0.2.1", port: 5060 },
    remote: { address, port: 5060 },
  };
}

/** A phone at that last byte of 203.0.113.0/24. */
export function phone(number: number, changes: Partial<Target> = {}): Target {
  return {
    uri: `sip:bob@203.0.113.${number}`,
    route: [],
    q: 1000,
    ways: [wayTo(`203.0.113.${number}`)],
    nat: false,
    ...changes,
  };
}

interface Running {
  readonly owner: Owner;
  readonly branch: number;
  readonly timer: ProxyTimer;
  readonly due: number;
}

/** Plays a response context under a clock of its own and writes down what it does: "500 INVITE → 0 again". */
export class ProxyStage {
  now = 0;
  context: ResponseContext;
  over = false;
  readonly log: string[] = [];
  readonly effects: ProxyEffect[] = [];
  readonly upstream: Extract<ProxyEffect, { type: "respond" }>[] = [];
  readonly requests: { readonly branch: number; readonly method: string; readonly message: Request }[] = [];
  #tools: ProxyTools;
  #timers: Running[] = [];

  constructor(request: Request, options: { flow?: Flow; description?: "offer" | "answer"; tools?: ProxyTools } = {}) {
    this.#tools = options.tools ?? testTools;
    const { state, effects } = startProxy(
      request,
      options.flow ?? callerFlow,
      options.description ?? "offer",
      this.#tools,
    );
    this.context = state;
    this.#perform(effects);
  }

  get timers(): string[] {
    return this.#timers.map(({ owner, branch, timer }) => `${owner} ${branch} ${timer}`);
  }

  /** What another member says that goes on from here. */
  get resumed(): string[] {
    return resumeProxy(this.context, this.#tools)
      .effects.filter(({ type }) => type === "respond" || type === "forward")
      .map((effect) => inWords(effect as Output));
  }

  event(event: ProxyEvent): this {
    const { state, effects } = proxy(this.context, event, this.#tools);
    this.context = state;
    this.#perform(effects);
    return this;
  }

  /** Another member goes on, with tools of its own. */
  takenOver(tools: ProxyTools): this {
    this.#tools = tools;
    const { state, effects } = resumeProxy(this.context, tools);
    this.context = state;
    this.#perform(effects);
    return this;
  }

  /** Routing answers. */
  goes(targets: readonly Target[], changes: Partial<Plan> = {}): this {
    return this.event({ type: "targets", targets, plan: { ...plan, ...changes } });
  }

  /** The phone behind a branch answers the last request of that method that it got. */
  answers(branch: number, status: number, options: Parameters<typeof response>[2] & { method?: string } = {}): this {
    return this.event({
      type: "response",
      branch,
      message: this.answer(branch, status, options),
      source: "203.0.113.9",
    });
  }

  answer(branch: number, status: number, options: Parameters<typeof response>[2] & { method?: string } = {}): Response {
    const { method = this.context.method, ...rest } = options;
    const sent = this.requests.findLast((request) => request.branch === branch && request.method === method);
    if (sent === undefined) throw new RangeError(`branch ${branch} got no ${method}`);
    const toTag = status > 100 ? { toTag: `phone${branch}` } : {};
    return fromDraft(response(sent.message, status, { ...toTag, ...rest })) as Response;
  }

  /** Lets time pass: timers fire when they are due, in order. */
  until(time: number): this {
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > time) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = next.due;
      this.event({ type: "timer", owner: next.owner, branch: next.branch, timer: next.timer });
    }
    this.now = Math.max(this.now, time);
    return this;
  }

  #perform(effects: readonly ProxyEffect[]): void {
    for (const effect of effects) {
      if (this.over) throw new Error(`${effect.type} after the end`);
      this.effects.push(effect);
      switch (effect.type) {
        case "respond": {
          const status = Number(effect.message.head.slice(8, 11));
          this.upstream.push({ ...effect, status });
          this.#note(inWords(effect));
          break;
        }
        case "forward": {
          const { branch, method, message } = effect;
          this.requests.push({ branch, method, message: fromDraft(message) as Request });
          this.#note(inWords(effect));
          break;
        }
        case "start":
          this.#stop(effect);
          this.#timers.push({ ...effect, due: this.now + effect.after });
          break;
        case "stop":
          this.#stop(effect);
          break;
        case "media":
          this.#note(`media ${effect.verb} by ${effect.from} on ${effect.branch}`);
          break;
        case "release":
          this.#note(`media ${effect.verb} ${effect.calleeTag}`.trimEnd());
          break;
        case "tried":
        case "answered":
          break;
        case "route":
        case "locate":
        case "acknowledge":
          this.#note(effect.type);
          break;
        case "terminated":
          this.over = true;
          this.#note("terminated");
          if (this.#timers.length > 0) throw new Error(`timers outlive the context: ${this.timers.join(", ")}`);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #stop({ owner, branch, timer }: { owner: Owner; branch: number; timer?: ProxyTimer }): void {
    this.#timers = this.#timers.filter(
      (t) => t.owner !== owner || t.branch !== branch || (timer !== undefined && t.timer !== timer),
    );
  }

  #note(text: string): void {
    this.log.push(`${this.now} ${text}`);
  }
}

type Output = Extract<ProxyEffect, { type: "respond" | "forward" }>;

function inWords(effect: Output): string {
  const again = effect.again ? " again" : "";
  if (effect.type === "forward") return `${effect.method} → ${effect.branch}${again}`;
  return `${effect.message.head.slice(8, 11)} ↑${again}`;
}
