import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { memoryBus } from "@sipmesh/bus";
import { joinCluster, openKeyRing } from "@sipmesh/cluster";
import type { ConfigSection } from "@sipmesh/config";
import { systemClock, systemRandom } from "@sipmesh/environment";
import { directRpc } from "@sipmesh/rpc";
import type { Context } from "@sipmesh/runtime";
import { sqliteStore } from "@sipmesh/store";
import type { Catalogue, Telemetry } from "@sipmesh/telemetry";
import { systemNetwork } from "@sipmesh/transport";

export const contextSections: readonly ConfigSection<unknown>[] = [];
export const contextCatalogue: Catalogue = {};

export async function openContext(o: { instance: string; dataDirectory: string; telemetry: Telemetry }): Promise<{
  context: Context;
  keepTrace: string;
  close(): Promise<void>;
}> {
  mkdirSync(o.dataDirectory, { recursive: true, mode: 0o700 });
  const clock = systemClock((err) => o.telemetry.log.error({ err }, "a timer threw"));
  const bus = memoryBus();
  const store = sqliteStore(join(o.dataDirectory, "sipmesh.sqlite"));
  const ring = await openKeyRing(await store.bucket("keys"), clock);
  const cluster = joinCluster({
    self: { id: o.instance, node: hostname(), targets: [], members: [] },
    clock,
    signals: bus,
    subject: "sipmesh.presence",
    register: await store.bucket("membership", { memory: true }),
    storeState: () => store.state,
    ownerHash: ring.ownerHash,
  });
  const rpc = directRpc({ clock, instance: o.instance });
  return {
    keepTrace: "sipmesh.trace.keep",
    context: {
      clock,
      random: systemRandom(),
      network: systemNetwork(),
      bus,
      store,
      rpc,
      cluster,
      sealer: ring.sealer,
      telemetry: o.telemetry,
      instance: o.instance,
      dataDirectory: o.dataDirectory,
    },
    async close() {
      await cluster.leave();
      cluster.stop();
      ring.close();
      await rpc.close();
      await bus.close();
      await store.close();
      clock.close();
    },
  };
}
