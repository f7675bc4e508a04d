import type { Config } from "@sipmesh/config";
import { edge } from "@sipmesh/edge";

/** Where phones find the platform: the first UDP listener of the edge, else its first; undefined where its port is any. */
export function sipListener(config: Config): { readonly address: string; readonly port: number } | undefined {
  const { listeners } = config.of(edge.section);
  const listener = listeners.find(({ transport }) => transport === "udp") ?? listeners[0];
  if (listener === undefined || listener.port === 0) return undefined;
  const any = ["*", "0.0.0.0", "::"].includes(listener.address);
  return { address: any ? "*" : listener.address, port: listener.port };
}
