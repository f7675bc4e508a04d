import { networkInterfaces } from "node:os";
import type { DemoSubscriber } from "./subscribers.ts";

/** What a newcomer needs to make a first call. */
export interface FirstCall {
  readonly sipPort: number;
  /** The address that phones of the same network reach. */
  readonly address: string;
  readonly adminUrl: string;
  readonly dataDirectory: string;
  readonly subscribers: readonly DemoSubscriber[];
}

/** What to type into two softphones. */
export function firstCall({ sipPort, address, adminUrl, dataDirectory, subscribers }: FirstCall): string {
  const server = sipPort === 5060 ? address : `${address}:${sipPort}`;
  const row = (label: string, values: readonly string[]) =>
    `  ${label.padEnd(12)}${values
      .map((value) => value.padEnd(22))
      .join("")
      .trimEnd()}\n`;
  return (
    `\nsipmesh is running: SIP on ${server} (UDP and TCP), admin port ${adminUrl}, data in ${dataDirectory}\n\n` +
    "To make a first call, type this into two softphones (Linphone, baresip, Zoiper, …):\n\n" +
    row(
      "",
      subscribers.map((_, at) => `phone ${at + 1}`),
    ) +
    row(
      "user",
      subscribers.map(({ user }) => user),
    ) +
    row(
      "password",
      subscribers.map(({ password }) => password),
    ) +
    row(
      "domain",
      subscribers.map(() => server),
    ) +
    row(
      "transport",
      subscribers.map(() => "UDP"),
    ) +
    `\nThen dial ${subscribers[1]?.user ?? ""} on phone 1. Or, without any phone, in another terminal:\n\n  npm run demo\n\n` +
    "Ctrl+C stops it.\n\n"
  );
}

/** The first address of this host that is not the loopback, IPv4 if there is one. */
export function addressForPhones(interfaces = networkInterfaces()): string {
  const all = Object.values(interfaces).flatMap((one) => one ?? []);
  const outside = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  return (outside.find(({ family }) => family === "IPv4") ?? outside[0])?.address ?? "127.0.0.1";
}
