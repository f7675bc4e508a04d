import assert from "node:assert/strict";
import type { Instance, Relay as Standing } from "@sipmesh/cluster";
import { defaults } from "@sipmesh/config";
import { latin1, systemClock, systemRandom } from "@sipmesh/environment";
import { type MediaService, Side } from "@sipmesh/proto/media";
import type { Handlers } from "@sipmesh/rpc";
import type { Context, Service } from "@sipmesh/runtime";
import { parse, streamsOf } from "@sipmesh/sdp";
import { memoryStore, type Store } from "@sipmesh/store";
import { silentTelemetry } from "@sipmesh/telemetry";
import { systemNetwork } from "@sipmesh/transport";
import { type MediaConfig, mediaSection } from "../config.ts";
import { media } from "../module.ts";
import { loopback } from "./phone.ts";

export const call = { deadline: 1000 };

let started = 0;

/** The module, with its verbs at hand. */
export class Relay {
  readonly telemetry = silentTelemetry();
  readonly instance = `media-${++started}`;
  readonly #store: Store;
  readonly #clock = systemClock((error) => assert.fail(String(error)));
  #service: Service | undefined;
  #verbs: Handlers<typeof MediaService> | undefined;
  #standing: Standing | undefined;

  /** @param store one that outlives it, for who follows */
  constructor(store: Store = memoryStore()) {
    this.#store = store;
  }

  async start(config: Partial<MediaConfig> = {}): Promise<this> {
    const rpc = {
      serve: (_: unknown, verbs: Handlers<typeof MediaService>) => {
        this.#verbs = verbs;
        return { close() {} };
      },
    };
    const context = {
      clock: this.#clock,
      cluster: {
        self: { id: this.instance, node: "here", targets: [], members: [] },
        announce: ({ relay }: Partial<Instance>) => {
          this.#standing = relay;
        },
      },
      random: systemRandom(),
      network: systemNetwork(),
      rpc,
      store: this.#store,
      telemetry: this.telemetry,
      instance: this.instance,
    };
    this.#service = await media.start(context as unknown as Context, { ...defaults(mediaSection), ...config });
    return this;
  }

  get verbs(): Handlers<typeof MediaService> {
    assert.ok(this.#verbs);
    return this.#verbs;
  }

  get service(): Service {
    assert.ok(this.#service);
    return this.#service;
  }

  /** What it tells the others of itself. */
  get standing(): Standing {
    assert.ok(this.#standing);
    return this.#standing;
  }

  dropped(reason: string): number {
    return this.telemetry.metrics.value("sipmesh_media_dropped_packets_total", { reason });
  }

  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.telemetry.metrics.value(name, labels);
  }

  /** As by kill −9: its sockets are gone, and it says nothing to anybody. */
  async stop(): Promise<void> {
    await this.#service?.stop();
    this.#clock.close();
  }

  /** As when it is told to stop. */
  async leave(): Promise<void> {
    await this.#service?.leave?.();
    await this.stop();
  }
}

/** One call through a relay. */
export class Talk {
  readonly key: { readonly callId: string; readonly callerTag: string };
  on: Relay;

  constructor(on: Relay, callId: string) {
    this.on = on;
    this.key = { callId, callerTag: "a" };
  }

  /** @returns the port that the callee is to send to */
  async offer(sdp: string, leg?: { branch: string; calleeTag: string }): Promise<number> {
    return portOf((await this.on.verbs.offer(this.#request(Side.SIDE_CALLER, sdp, leg), call)).sdp);
  }

  /** @returns the port that the caller is to send to */
  async answer(sdp: string, leg?: { branch: string; calleeTag: string }): Promise<number> {
    return portOf(await this.answered(sdp, leg));
  }

  /** @returns what the caller is told */
  async answered(sdp: string, leg?: { branch: string; calleeTag: string }): Promise<Uint8Array> {
    return (await this.on.verbs.answer(this.#request(Side.SIDE_CALLEE, sdp, leg), call)).sdp;
  }

  async reports() {
    return (await this.on.verbs.query({ key: this.key }, call)).streams;
  }

  async end() {
    return await this.on.verbs.delete({ key: this.key, leg: undefined }, call);
  }

  #request(from: Side, sdp: string, leg = { branch: "b1", calleeTag: from === Side.SIDE_CALLEE ? "t1" : "" }) {
    return { key: this.key, leg, from, sdp: Buffer.from(sdp), toward: loopback, source: loopback };
  }
}

function portOf(sdp: Uint8Array): number {
  const [stream] = streamsOf(parse(latin1.decode(sdp, 0, sdp.length)));
  assert.ok(stream?.media);
  assert.equal(stream.media.address, loopback);
  assert.equal(stream.rtcp?.port, stream.media.port + 1);
  return stream.media.port;
}
