import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Transport } from "@sipmesh/sip";
import { ResolveError, type Resolver } from "@sipmesh/transport";
import type { Abilities } from "./hops.ts";
import { Locator } from "./locate.ts";
import { orderServers } from "./srv-order.ts";

interface Zone {
  readonly a?: Record<string, string[]>;
  readonly aaaa?: Record<string, string[]>;
  readonly srv?: Record<string, [priority: number, weight: number, port: number, target: string][]>;
  readonly naptr?: Record<string, [order: number, service: string, replacement: string][]>;
}

function resolver(zone: Zone): Resolver {
  const addresses = (list: string[] | undefined) => (list ?? []).map((address) => ({ address, ttl: 60 }));
  return {
    a: async (name) => addresses(zone.a?.[name]),
    aaaa: async (name) => addresses(zone.aaaa?.[name]),
    srv: async (name) =>
      (zone.srv?.[name] ?? []).map(([priority, weight, port, target]) => ({ priority, weight, port, target })),
    naptr: async (name) =>
      (zone.naptr?.[name] ?? []).map(([order, service, replacement]) => ({
        order,
        preference: 0,
        flags: "s",
        service,
        regexp: "",
        replacement,
      })),
  };
}

function abilities(
  transports: readonly Transport[] = ["udp", "tcp"],
  families: readonly (4 | 6)[] = [4, 6],
): Abilities {
  return { transports: new Set(transports), families: new Set(families) };
}

/** `udp 10.0.0.1:5060, …`, or the status. */
async function locate(
  uri: string,
  zone: Zone = {},
  can: Abilities = abilities(),
  preferred?: Transport,
  maxHops = 8,
): Promise<string> {
  const locator = new Locator({ resolver: resolver(zone), draw: () => 0, abilities: () => can, maxHops });
  const located = await locator.locate(uri, preferred);
  if ("status" in located) return String(located.status);
  return located.hops.map(({ transport, address, port }) => `${transport} ${address}:${port}`).join(", ");
}

describe("locating a SIP server (RFC 3263)", () => {
  it("takes a numeric host as it is, without asking anybody", async () => {
    const locator = new Locator({
      resolver: resolver({}),
      draw: () => 0,
      abilities: () => abilities(),
      maxHops: 8,
    });
    assert.ok(!(locator.locate("sip:bob@10.0.0.7:5090", undefined) instanceof Promise));
    assert.equal(await locate("sip:bob@10.0.0.7:5090"), "udp 10.0.0.7:5090");
    assert.equal(await locate("sip:10.0.0.7;transport=TCP"), "tcp 10.0.0.7:5060");
    assert.equal(await locate("sip:bob@[2001:db8::7]"), "udp 2001:db8::7:5060");
    assert.equal(await locate("sip:bob@example.com;maddr=10.0.0.9"), "udp 10.0.0.9:5060");
  });

  it("uses UDP for a numeric host that names no transport, whatever the request came over (§4.1)", async () => {
    assert.equal(await locate("sip:10.0.0.7", {}, abilities(), "tcp"), "udp 10.0.0.7:5060");
  });

  it("asks for addresses alone where the port is given (§4.2)", async () => {
    const zone = { a: { "x.example": ["10.0.0.1", "10.0.0.2"] }, aaaa: { "x.example": ["2001:db8::1"] } };
    assert.equal(
      await locate("sip:x.example:5080", zone),
      "udp 10.0.0.1:5080, udp 10.0.0.2:5080, udp 2001:db8::1:5080",
    );
    assert.equal(await locate("sip:x.example:5080", zone, abilities(["udp"], [6])), "udp 2001:db8::1:5080");
  });

  it("follows NAPTR to SRV to addresses, in the domain's order", async () => {
    const zone: Zone = {
      naptr: {
        "x.example": [
          [20, "SIP+D2U", "_sip._udp.x.example"],
          [5, "SIPS+D2T", "_sips._tcp.x.example"],
          [10, "SIP+D2T", "_sip._tcp.x.example"],
          [1, "E2U+sip", "_sip._udp.x.example"],
        ],
      },
      srv: {
        "_sip._tcp.x.example": [
          [2, 0, 5071, "b.x.example"],
          [1, 0, 5070, "a.x.example"],
        ],
        "_sip._udp.x.example": [[1, 0, 5072, "a.x.example"]],
      },
      a: { "a.x.example": ["10.0.0.1"], "b.x.example": ["10.0.0.2"] },
    };
    assert.equal(await locate("sip:x.example", zone), "tcp 10.0.0.1:5070, tcp 10.0.0.2:5071, udp 10.0.0.1:5072");
    assert.equal(
      await locate("sip:x.example", zone, abilities(), undefined, 2),
      "tcp 10.0.0.1:5070, tcp 10.0.0.2:5071",
    );
  });

  it("asks for SRV by transport where there is no NAPTR, the preferred one first", async () => {
    const zone: Zone = {
      srv: {
        "_sip._udp.x.example": [[0, 0, 5062, "a.x.example"]],
        "_sip._tcp.x.example": [[0, 0, 5063, "a.x.example"]],
      },
      a: { "a.x.example": ["10.0.0.1"] },
    };
    assert.equal(await locate("sip:x.example", zone), "udp 10.0.0.1:5062, tcp 10.0.0.1:5063");
    assert.equal(await locate("sip:x.example", zone, abilities(), "tcp"), "tcp 10.0.0.1:5063, udp 10.0.0.1:5062");
    assert.equal(await locate("sip:x.example;transport=tcp", zone), "tcp 10.0.0.1:5063");
  });

  it("falls back to the addresses of the domain itself", async () => {
    assert.equal(await locate("sip:x.example", { a: { "x.example": ["10.0.0.1"] } }), "udp 10.0.0.1:5060");
  });

  it("says why there is no way: 404 no such host, 416 SIPS not served, 503 a transport that no edge has", async () => {
    assert.equal(await locate("sip:nowhere.example"), "404");
    assert.equal(await locate("sips:bob@10.0.0.7"), "416");
    assert.equal(await locate("tel:+49"), "416");
    assert.equal(await locate("sip:10.0.0.7;transport=tls"), "503");
    assert.equal(await locate("sip:10.0.0.7;transport=sctp"), "503");
    assert.equal(await locate("sip:[2001:db8::7]", {}, abilities(["udp"], [4])), "503");
  });

  it("goes by TLS and nothing else for SIPS (RFC 3261 §26.2.2)", async () => {
    const can = abilities(["udp", "tcp", "tls"]);
    assert.equal(await locate("sips:bob@10.0.0.7;transport=tcp", {}, can), "tls 10.0.0.7:5061");
    assert.equal(await locate("sips:bob@x.example", { a: { "x.example": ["10.0.0.1"] } }, can), "tls 10.0.0.1:5061");
  });

  it("is a 503 where the name servers do not answer", async () => {
    const away: Resolver = {
      ...resolver({}),
      naptr: async () => {
        throw new ResolveError("timeout", "NAPTR x.example", undefined);
      },
    };
    const locator = new Locator({ resolver: away, draw: () => 0, abilities: () => abilities(), maxHops: 8 });
    assert.deepEqual(await locator.locate("sip:x.example", undefined), { status: 503, reason: "Name Service Away" });
  });
});

describe("the order of servers (RFC 2782)", () => {
  const server = (priority: number, weight: number, target: string) => ({ priority, weight, port: 1, target });
  const records = [server(2, 0, "spare"), server(1, 60, "big"), server(1, 20, "small"), server(1, 0, "never")];
  const drawn = (...numbers: number[]) => orderServers(records, () => numbers.shift() ?? 0).map(({ target }) => target);

  it("is by priority, then by chance in proportion to the weight", () => {
    assert.deepEqual(drawn(80, 20), ["big", "small", "never", "spare"]);
    assert.deepEqual(drawn(20, 60), ["small", "big", "never", "spare"]);
    assert.deepEqual(drawn(0), ["never", "small", "big", "spare"]);
  });
});
