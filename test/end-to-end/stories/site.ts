import { after } from "node:test";
import { freePort, type Platform, type PlatformOptions } from "@sipmesh/drivers";
import { Phone, type PhoneOptions } from "../wire/phone.ts";
import { Wire } from "../wire/wire.ts";

const user = (name: string) => ({ user: name, password: "secret" });
const open = (name: string) => ({ name, authenticate: false, openToStrangers: true, anyUser: true });

/** Ports that the configuration names before anything runs. */
export const PORTS = {
  sip: await freePort(),
  carrier: await freePort(),
  neighbour: await freePort(),
  strict: await freePort(),
} as const;

/** The addresses that peers of these stories speak from. */
export const CARRIER = "127.0.0.9";

/**
 * One site for all the stories: a domain whose users prove who they are, some that are open, a carrier, a neighbouring
 * proxy, and routes that lead astray.
 */
export const SITE: Omit<PlatformOptions, "shape"> = {
  port: PORTS.sip,
  config: {
    directory: {
      nonceLifetime: 2,
      domains: [
        {
          name: "sipmesh.test",
          ownAddresses: true,
          subscribers: [
            ...["alice", "bob", "carol", "dave", "erin", "frank", "henry", "ida"].map(user),
            { ...user("grace"), numbers: ["+4930100"] },
          ],
        },
        open("open.test"),
        open("direct.test"),
        open("redirect.test"),
        open("brief.test"),
      ],
    },
    routing: {
      domains: {
        "direct.test": { recordRoute: false, media: "never" },
        "redirect.test": { redirect: true },
        "brief.test": { ringTime: 1 },
      },
      trunks: [{ name: "carrier", to: `sip:${CARRIER}:${PORTS.carrier}`, sources: [CARRIER] }],
      routes: [
        { name: "outside", match: { number: "+" }, fallback: true, trunk: "carrier" },
        { name: "neighbour", match: { domain: "neighbour.test" }, to: `sip:127.0.0.1:${PORTS.neighbour}` },
        { name: "strict", match: { domain: "strict.test" }, to: `sip:127.0.0.1:${PORTS.strict}` },
        { name: "loop", match: { domain: "loop.test" }, to: `sip:127.0.0.1:${PORTS.sip}` },
        {
          name: "moved",
          match: { domain: "sipmesh.test", user: "moved" },
          redirect: { contacts: "sip:new@elsewhere.test" },
        },
        {
          name: "closed",
          match: { domain: "sipmesh.test", user: "closed" },
          reject: { status: 403, reason: "Closed" },
        },
      ],
    },
  },
};

/** Opens phones that are closed after the tests of a suite. */
export function phoneShop(platform: () => Platform) {
  const sold: Phone[] = [];
  /** Phones stand at the edges in turn, where there are several. */
  const next = () => {
    const { address, sipPorts } = platform();
    return { address, sipPort: sipPorts[sold.length % sipPorts.length] ?? 0 };
  };
  after(() => {
    for (const phone of sold) phone.close();
  });
  return {
    async open(name: string, options?: PhoneOptions): Promise<Phone> {
      const phone = await Phone.open(next(), name, options);
      sold.push(phone);
      return phone;
    },
    /** A phone on a wire of its own. */
    over(wire: Wire, name: string, options: PhoneOptions): Phone {
      const { address, sipPort } = next();
      const phone = Phone.on(wire, name, { address, port: sipPort }, options);
      sold.push(phone);
      return phone;
    },
    edges: () => platform().sipPorts.map((port) => ({ address: platform().address, port })),
    /** A peer at a place that the configuration names, not challenged. */
    async at(address: string, port: number, name: string): Promise<Phone> {
      const server = { address: platform().address, port: platform().sipPort };
      const phone = Phone.on(await Wire.udp(server, address, port), name, server, {
        domain: `${name}.test`,
        proves: false,
      });
      sold.push(phone);
      return phone;
    },
  };
}

export type PhoneShop = ReturnType<typeof phoneShop>;
