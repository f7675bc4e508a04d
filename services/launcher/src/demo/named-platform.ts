import { lookup } from "node:dns/promises";
import type { Config } from "@sipmesh/config";
import { directory } from "@sipmesh/directory";
import { UsageError } from "../targets.ts";
import { DemoError, type FoundPlatform } from "./find-platform.ts";

/**
 * A platform that somebody named. The first two subscribers with a password in the configuration's first domain call.
 * @throws DemoError where the name has no address, or there are no such subscribers
 */
export async function namedPlatform(server: string, config: Config): Promise<FoundPlatform> {
  const { host, port } = hostAndPort(server);
  const address = await lookup(host).then(
    (found) => found.address,
    (error: Error) => {
      throw new DemoError(`${host} has no address: ${error.message}`);
    },
  );
  const [domain] = config.of(directory.section).domains;
  const able = (domain?.subscribers ?? []).flatMap(({ user, password }) =>
    password === undefined ? [] : [{ user, password }],
  );
  const [one, other] = able;
  if (domain === undefined || one === undefined || other === undefined) {
    throw new DemoError("the configuration's first domain names no two subscribers with passwords (directory.domains)");
  }
  return {
    server: { address, port },
    domain: domain.name,
    subscribers: [one, other],
    traceId: async () => undefined,
  };
}

/** "pbx.example", "pbx.example:5070", "192.0.2.1", "[2001:db8::1]:5070". */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3] ?? 5060);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new UsageError("--server is a host, or host:port, with an IPv6 address in brackets");
  }
  return { host, port };
}
