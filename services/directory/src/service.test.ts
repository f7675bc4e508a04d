import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { describe, it } from "node:test";
import { type Clock, hash, systemRandom } from "@sipmesh/environment";
import { AuthenticateOutcome, type AuthenticateRequest, DirectoryService } from "@sipmesh/proto/directory";
import { directRpc, type Rpc } from "@sipmesh/rpc";
import type { Context } from "@sipmesh/runtime";
import { readCredentials } from "@sipmesh/sip";
import { type Answer, answerValue, readChallenge } from "@sipmesh/sip-core";
import { silentTelemetry } from "@sipmesh/telemetry";
import { directory } from "./module.ts";

const CALL = { deadline: 1000 };
const REALM = "sipmesh";

/** Members of one platform: they share the sealer's key, and call one another through their rpc. */
class Platform {
  now = 1_800_000_000_000;
  readonly members = new Map<string, Rpc>();
  readonly clock: Clock = { now: () => this.now, after: () => ({ cancel() {} }) };

  async start(id: string, config: object = {}) {
    const telemetry = silentTelemetry();
    const here = directRpc({ clock: this.clock, instance: id });
    const { members } = this;
    // What the transport between pods does: a call that names another instance is answered there.
    const rpc: Rpc = {
      ...here,
      client<D extends object>(service: string, definition: D) {
        const clients = new Map([...members].map(([name, there]) => [name, there.client(service, definition)]));
        const own = here.client(service, definition);
        return new Proxy(own, {
          get: (_, method) => (request: never, options: { instance?: string }) => {
            const to = options.instance === undefined || options.instance === id ? own : clientOf(options.instance);
            return (to as Record<PropertyKey, (...values: unknown[]) => unknown>)[method]?.(request, {
              ...options,
              instance: undefined,
            });
          },
        });
        function clientOf(instance: string) {
          const known = clients.get(instance) ?? members.get(instance)?.client(service, definition);
          if (known === undefined) throw new Error(`${instance} is gone`);
          return known;
        }
      },
    };
    members.set(id, here);
    const context = {
      clock: this.clock,
      random: systemRandom(),
      rpc,
      sealer: sealer(),
      telemetry,
      instance: id,
      cluster: { instances: () => [...members.keys()].map((member) => ({ id: member })) },
    } as unknown as Context;
    const parsed = directory.section.schema.parse({
      domains: [
        {
          name: REALM,
          algorithms: ["MD5", "SHA-256"],
          subscribers: [{ user: "alice", password: "secret", aliases: ["al"], numbers: ["+49301"] }],
        },
      ],
      ...config,
    });
    const service = await directory.start(context, parsed);
    return { service, client: here.client("directory", DirectoryService), metrics: telemetry.metrics };
  }
}

/** Seals as the platform's own does: encrypted, authenticated, bound. */
function sealer(): Context["sealer"] {
  const key = createHash("sha256").update("test").digest();
  return {
    seal(content, bound) {
      const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12)).setAAD(Buffer.from(bound));
      const body = Buffer.concat([cipher.update(content), cipher.final()]);
      return Buffer.concat([cipher.getAuthTag(), body]).toString("base64url");
    },
    open(token, bound) {
      const bytes = Buffer.from(token, "base64url");
      if (bytes.length < 16) return undefined;
      const cipher = createDecipheriv("aes-256-gcm", key, Buffer.alloc(12)).setAAD(Buffer.from(bound));
      try {
        cipher.setAuthTag(bytes.subarray(0, 16));
        return Buffer.concat([cipher.update(bytes.subarray(16)), cipher.final()]);
      } catch {
        return undefined;
      }
    },
    mark: (text) => text,
    traceId: (text) => text,
  };
}

type Member = Awaited<ReturnType<Platform["start"]>>;

async function challenged({ client }: Member, algorithms = ["MD5"], stale = false): Promise<string> {
  const { values } = await client.challenge({ realm: REALM, algorithms, stale }, CALL);
  return values[0] ?? "";
}

/** What a phone makes of a challenge. */
function credentialsFor(challenge: string, more: Partial<Answer> = {}): string {
  const parsed = readCredentials(challenge);
  const received = parsed === undefined ? undefined : readChallenge(parsed);
  assert.ok(received !== undefined, challenge);
  const answer = { username: "alice", password: "secret", method: "INVITE", uri: "sip:bob@sipmesh", cnonce: "c" };
  return answerValue(received, { ...answer, body: new Uint8Array(), count: 1, ...more }, hash);
}

function request(...credentials: string[]): AuthenticateRequest {
  return { realm: REALM, method: "INVITE", credentials, requestUri: "sip:bob@sipmesh", bodyMd5: "", bodySha256: "" };
}

async function outcomeOf({ client }: Member, ...credentials: string[]): Promise<string> {
  const { outcome } = await client.authenticate(request(...credentials), CALL);
  const name = Object.entries(AuthenticateOutcome).find(([, value]) => value === outcome)?.[0];
  return name?.replace("AUTHENTICATE_OUTCOME_", "") ?? "";
}

describe("credentials", () => {
  it("are right for the password, by MD5 and by SHA-256", async () => {
    const member = await new Platform().start("directory-1");
    for (const algorithm of ["MD5", "SHA-256"]) {
      assert.equal(await outcomeOf(member, credentialsFor(await challenged(member, [algorithm]))), "OK");
    }
    const { user } = await member.client.authenticate(request(credentialsFor(await challenged(member))), CALL);
    assert.equal(user, "alice");
  });

  it("are wrong for another password, user or method", async () => {
    const member = await new Platform().start("directory-1");
    const challenge = await challenged(member);
    for (const wrong of [{ password: "guess" }, { username: "mallory" }, { method: "BYE" }]) {
      assert.equal(await outcomeOf(member, credentialsFor(challenge, wrong)), "WRONG");
    }
    assert.equal(member.metrics.value("sipmesh_directory_authentications_total", { outcome: "wrong" }), 3);
  });

  it("are missing where they are for another realm, scheme or algorithm", async () => {
    const member = await new Platform().start("directory-1", {
      domains: [{ name: REALM, subscribers: [{ user: "alice", password: "secret" }] }],
    });
    const challenge = await challenged(member);
    for (const foreign of [
      credentialsFor(challenge.replace(`realm="${REALM}"`, 'realm="other"')),
      credentialsFor(challenge.replace("algorithm=MD5", "algorithm=SHA-256")),
      'NoOneKnowsThisScheme opaque-data="here"',
      "Negotiate dG9rZW42OA==",
    ]) {
      assert.equal(await outcomeOf(member, foreign), "MISSING", foreign);
    }
    assert.equal(await outcomeOf(member), "MISSING");
  });

  it("are malformed where a part is missing", async () => {
    const member = await new Platform().start("directory-1");
    assert.equal(await outcomeOf(member, 'Digest realm="sipmesh", nonce="x"'), "MALFORMED");
    assert.equal(await outcomeOf(member, 'Digest username="alice'), "MALFORMED");
  });

  it("are found among those of other realms", async () => {
    const member = await new Platform().start("directory-1");
    const right = credentialsFor(await challenged(member));
    assert.equal(await outcomeOf(member, 'Digest realm="sipmesh"', right), "OK");
  });

  it("may name another URI than the request, unless that is checked", async () => {
    for (const [checkUri, expected] of [
      [false, "OK"],
      [true, "MALFORMED"],
    ] as const) {
      const member = await new Platform().start("directory-1", { checkUri });
      assert.equal(
        await outcomeOf(member, credentialsFor(await challenged(member), { uri: "sip:127.0.0.1:5060" })),
        expected,
      );
    }
  });
});

describe("a nonce", () => {
  it("is good once for each nc, in any order within reason", async () => {
    const member = await new Platform().start("directory-1");
    const challenge = await challenged(member);
    const use = (count: number) => outcomeOf(member, credentialsFor(challenge, { count }));
    assert.deepEqual(
      [await use(1), await use(1), await use(3), await use(2), await use(2)],
      ["OK", "STALE", "OK", "OK", "STALE"],
    );
  });

  it("without qop is good once (rule 11)", async () => {
    const member = await new Platform().start("directory-1");
    const old = (await challenged(member)).replace(', qop="auth"', "");
    assert.deepEqual(
      [await outcomeOf(member, credentialsFor(old)), await outcomeOf(member, credentialsFor(old))],
      ["OK", "STALE"],
    );
  });

  it("is stale after its lifetime, and one that we never made too; a wrong password is wrong all the same", async () => {
    const platform = new Platform();
    const member = await platform.start("directory-1", { nonceLifetime: 60 });
    const challenge = await challenged(member);
    platform.now += 60_000;
    assert.equal(await outcomeOf(member, credentialsFor(challenge)), "STALE");
    assert.equal(await outcomeOf(member, credentialsFor(challenge, { password: "x" })), "WRONG");
    assert.equal(await outcomeOf(member, credentialsFor(challenge.replace(/nonce="./, 'nonce="_'))), "STALE");
    assert.match(await challenged(member, ["MD5"], true), /stale=true/);
  });

  it("is counted by the member that made it, whoever is asked", async () => {
    const platform = new Platform();
    const [one, two] = [await platform.start("directory-1"), await platform.start("directory-2")];
    const answer = credentialsFor(await challenged(one));
    assert.equal(await outcomeOf(two, answer), "OK");
    assert.equal(await outcomeOf(one, answer), "STALE");
    assert.equal(await outcomeOf(two, answer), "STALE");
    assert.equal(two.metrics.value("sipmesh_directory_forwarded_total", { outcome: "answered" }), 2);
  });

  it("is stale when the member that made it is gone, also where it came back as another incarnation", async () => {
    const platform = new Platform();
    const [one, two] = [await platform.start("directory-1"), await platform.start("directory-2")];
    const answer = credentialsFor(await challenged(one));
    platform.members.delete("directory-1");
    assert.equal(await outcomeOf(two, answer), "STALE");
    await platform.start("directory-1b");
    assert.equal(await outcomeOf(two, answer), "STALE");
    assert.equal(two.metrics.value("sipmesh_directory_forwarded_total", { outcome: "gone" }), 2);
  });

  it("is remembered in a bounded number", async () => {
    const member = await new Platform().start("directory-1", { nonces: 16 });
    for (let i = 0; i < 40; i++) assert.equal(await outcomeOf(member, credentialsFor(await challenged(member))), "OK");
    assert.equal(member.metrics.value("sipmesh_directory_nonces"), 16);
  });
});

describe("who exists", () => {
  it("is found by user, alias and number, in a domain of any users always", async () => {
    const { client } = await new Platform().start("directory-1", {
      domains: [
        { name: "home", subscribers: [{ user: "alice", password: "x", aliases: ["al"], numbers: ["+49301"] }] },
        { name: "lab", anyUser: true },
      ],
    });
    const ask = async (domain: string, user: string, number = "") => {
      const reply = await client.subscriber({ domain, user, number }, CALL);
      return reply.exists ? `${reply.user}@${reply.domain}` : "nobody";
    };
    assert.equal(await ask("home", "al"), "alice@home");
    assert.equal(await ask("", "", "+49301"), "alice@home");
    assert.equal(await ask("lab", "+49301", "+49301"), "alice@home");
    assert.equal(await ask("home", "bob"), "nobody");
    assert.equal(await ask("", "", "+49302"), "nobody");
    assert.equal(await ask("lab", "bob"), "bob@lab");
  });

  it("is told with a version that is the same in every member", async () => {
    const platform = new Platform();
    const [one, two] = [await platform.start("directory-1"), await platform.start("directory-2")];
    const other = await platform.start("directory-3", { domains: [{ name: "else" }] });
    const version = async ({ client }: Member) => (await client.domains({}, CALL)).version;
    assert.equal(await version(one), await version(two));
    assert.notEqual(await version(one), await version(other));
  });
});

describe("passwords", () => {
  it("show up nowhere in the live state", async () => {
    const { service } = await new Platform().start("directory-1");
    assert.ok(!JSON.stringify(service.state()).includes("secret"));
  });
});
