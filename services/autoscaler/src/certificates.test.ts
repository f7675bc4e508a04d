import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { type CertificatePlan, type Credentials, renewed } from "./certificates.ts";
import { fromSecret, toSecret } from "./stored-credentials.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 1);
const plan = (over: Partial<CertificatePlan> = {}): CertificatePlan => ({
  now: NOW,
  names: ["sipmesh-autoscaler.phones.svc"],
  lifetime: 30 * DAY,
  authorityLifetime: 365 * DAY,
  published: true,
  ...over,
});

async function made(present: Credentials | undefined, over: Partial<CertificatePlan> = {}): Promise<Credentials> {
  const next = await renewed(present, plan(over));
  assert.ok(next, "nothing was renewed");
  return next;
}

/** Whether who trusts the bundle accepts what is shown. */
function isTrusted({ shown }: Credentials, bundle: string): boolean {
  const authorities = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificate = new X509Certificate(shown.certificate);
  return authorities
    .map((text) => new X509Certificate(text))
    .some((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
}

describe("The certificate that the API server is shown", () => {
  it("is made with an authority of its own, for the Service's name, and not made again", async () => {
    const first = await made(undefined);
    const certificate = new X509Certificate(first.shown.certificate);
    assert.equal(certificate.checkHost("sipmesh-autoscaler.phones.svc"), "sipmesh-autoscaler.phones.svc");
    assert.equal(certificate.ca, false);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(first.shown.key)));
    assert.ok(new X509Certificate(first.authority.certificate).ca);
    assert.ok(isTrusted(first, first.trusted));
    assert.equal(await renewed(first, plan({ now: NOW + 19 * DAY })), undefined);
  });

  it("is renewed after two thirds of its life, by the same authority", async () => {
    const first = await made(undefined);
    const second = await made(first, { now: NOW + 21 * DAY, published: false });
    assert.notEqual(second.shown.certificate, first.shown.certificate);
    assert.equal(second.trusted, first.trusted);
    assert.ok(isTrusted(second, first.trusted));
  });

  it("is signed by a new authority only when the API server trusts that one", async () => {
    let present = await made(undefined);
    for (let day = 21; day < 243; day += 21) present = await made(present, { now: NOW + day * DAY });
    const old = present.trusted;
    const now = NOW + 244 * DAY;
    const changed = await made(present, { now });
    assert.notEqual(changed.authority.certificate, present.authority.certificate);
    assert.equal(changed.shown.certificate, present.shown.certificate);
    assert.ok(changed.trusted.includes(old.trim()), "the former authority is no longer trusted");

    assert.equal(await renewed(changed, plan({ now, published: false })), undefined);
    const shown = await made(changed, { now, published: true });
    assert.ok(isTrusted(shown, shown.authority.certificate));
    assert.equal(isTrusted(shown, old), false);
    assert.equal(await renewed(shown, plan({ now })), undefined);
  });

  it("does not wait for anybody where it is good for nothing any more", async () => {
    const first = await made(undefined);
    const late = await made(first, { now: NOW + 31 * DAY, published: false });
    assert.ok(new X509Certificate(late.shown.certificate).validToDate.getTime() > NOW + 31 * DAY);
    const moved = await made(first, { names: ["voice-autoscaler.phones.svc"], published: false });
    assert.ok(new X509Certificate(moved.shown.certificate).checkHost("voice-autoscaler.phones.svc"));
    const dead = await made(first, { now: NOW + 400 * DAY, published: false });
    assert.notEqual(dead.authority.certificate, first.authority.certificate);
  });

  it("outlives nothing that signed it, and an authority that is over is no longer trusted", async () => {
    const short = { authorityLifetime: 10 * DAY };
    const first = await made(undefined, short);
    assert.ok(
      new X509Certificate(first.shown.certificate).validToDate <=
        new X509Certificate(first.authority.certificate).validToDate,
    );
    let present = first;
    for (let day = 7; day <= 42; day += 7) {
      const now = NOW + day * DAY;
      present = (await renewed(present, plan({ ...short, now }))) ?? present;
      present = (await renewed(present, plan({ ...short, now }))) ?? present;
      assert.ok(isTrusted(present, present.trusted), `day ${day}`);
      assert.ok((present.trusted.match(/BEGIN CERTIFICATE/g)?.length ?? 0) <= 3);
    }
    assert.ok(!present.trusted.includes(first.authority.certificate.trim()));
  });

  it("is kept in a Secret; what cannot be read there counts as nothing", async () => {
    const first = await made(undefined);
    const data = toSecret(first);
    assert.deepEqual(fromSecret(data), first);
    assert.equal(fromSecret({ ...data, "tls.crt": "rubbish" }), undefined);
    assert.equal(fromSecret({ ...data, "ca.key": "" }), undefined);
    assert.equal(fromSecret({}), undefined);
  });
});
