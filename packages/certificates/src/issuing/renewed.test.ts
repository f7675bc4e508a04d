import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import type { KeyPair } from "./issue.ts";
import { type Due, renewed } from "./renewed.ts";

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const LIVES = { authority: 60 * DAY, certificate: 9 * DAY };
const NAMES = { pods: ["pods.example"], servers: ["a.example", "b.example"] };

type Given = Due<"pods" | "servers">;

const run = (now: number, before?: Given, names: typeof NAMES = NAMES): Promise<Given> =>
  renewed(
    "sipmesh",
    before?.authorities ?? [],
    {
      pods: { names: names.pods, has: before?.holders.pods, trusts: before?.trusted },
      servers: { names: names.servers, has: before?.holders.servers, trusts: before?.trusted },
    },
    LIVES,
    now,
  );

/** Whether who trusts `trusted` lets a certificate pass at a time. */
function passes({ certificate }: KeyPair, trusted: string, now: number): boolean {
  const own = new X509Certificate(certificate);
  const authorities = trusted.match(/-----BEGIN[\s\S]+?END CERTIFICATE-----/g) ?? [];
  return (
    own.validToDate.getTime() > now &&
    own.validFromDate.getTime() <= now &&
    authorities
      .map((pem) => new X509Certificate(pem))
      .some((by) => own.checkIssued(by) && own.verify(by.publicKey) && by.validToDate.getTime() > now)
  );
}

test("Run each day over many lives of authorities, nobody ever shows what another does not trust", async () => {
  let before = await run(START);
  const authorities = new Set(before.authorities.map(({ certificate }) => certificate));
  const certificates = new Set<string>();
  for (let day = 1; day <= 365; day++) {
    const now = START + day * DAY;
    const after = await run(now, before);
    for (const shown of [before, after]) {
      for (const trusting of [before, after]) {
        for (const holder of Object.values(shown.holders)) {
          assert.ok(passes(holder, trusting.trusted, now), `day ${day}`);
        }
      }
    }
    if (after.authorities.some((authority) => !before.authorities.includes(authority)))
      assert.notEqual(after.holders.servers, before.holders.servers, "who trusts a new authority shows that it does");
    assert.ok(after.authorities.length <= 3, "those that ended are let go");
    for (const { certificate } of after.authorities) authorities.add(certificate);
    certificates.add(after.holders.pods.certificate);
    before = after;
  }
  assert.ok(authorities.size >= 10, `${authorities.size} authorities`);
  assert.ok(certificates.size >= 50 && certificates.size < 100, `${certificates.size} certificates`);
});

test("What is not due stays as it is, byte for byte", async () => {
  const before = await run(START);
  assert.deepEqual(await run(START + 5 * DAY, before), before);
});

test("A run that was missed for some days is made up for", async () => {
  const before = await run(START);
  const now = START + 8 * DAY;
  const after = await run(now, before);
  assert.notEqual(after.holders.pods.certificate, before.holders.pods.certificate);
  assert.ok(passes(after.holders.pods, before.trusted, now) && passes(before.holders.pods, after.trusted, now));
});

test("After all has ended, all is made anew", async () => {
  const before = await run(START);
  const now = START + 1000 * DAY;
  const after = await run(now, before);
  assert.equal(after.authorities.length, 1);
  assert.ok(passes(after.holders.servers, after.trusted, now));
});

test("Whose names have changed gets a certificate at once; the others keep theirs", async () => {
  const before = await run(START);
  const after = await run(START + DAY, before, { ...NAMES, servers: ["a.example", "b.example", "c.example"] });
  assert.equal(after.holders.pods, before.holders.pods);
  assert.equal(
    new X509Certificate(after.holders.servers.certificate).subjectAltName,
    "DNS:a.example, DNS:b.example, DNS:c.example",
  );
});

test("A certificate of an authority that is not ours is replaced", async () => {
  const [before, stranger] = [await run(START), await run(START)];
  const after = await run(START + DAY, { ...before, holders: stranger.holders });
  assert.ok(passes(after.holders.pods, before.trusted, START + DAY));
});
