import assert from "node:assert/strict";
import { it } from "node:test";
import { freePort, Sipp } from "@sipmesh/drivers";
import { newFolder } from "../clients.ts";
import type { PhoneShop } from "./site.ts";

const scenario = (name: string) => new URL(`../../scenarios/${name}.xml`, import.meta.url).pathname;
const CALLS = 15;

/** A network that loses messages: everything is said again until it is heard. */
export function lossy(phones: PhoneShop, server: () => string): void {
  it(`connects ${CALLS} calls of SIPp while one in ten of its messages is lost`, async () => {
    const folder = newFolder();
    const port = await freePort();
    const registrant = await phones.open("lossy", { domain: "open.test" });
    assert.equal((await registrant.register([`<sip:lossy@127.0.0.1:${port}>`])).status, 200);
    const lost = ["-lost", "10"];
    const callee = new Sipp({ scenario: scenario("lossy-callee"), folder, name: "callee", port, extra: lost });
    const caller = new Sipp({
      scenario: scenario("lossy-caller"),
      folder,
      name: "caller",
      remote: server(),
      port: await freePort(),
      rate: CALLS,
      calls: CALLS,
      extra: lost,
    });
    try {
      // As long as the transactions of a call may take in which all but the last retransmission are lost.
      const counts = await caller.done(100_000);
      assert.deepEqual(
        { successful: counts.successful, failed: counts.failed, unexpected: counts.unexpected },
        { successful: CALLS, failed: 0, unexpected: 0 },
        `${caller.errors()}\n${callee.errors()}`,
      );
      const answered = await callee.stop();
      assert.equal(answered.unexpected, 0, callee.errors());
    } finally {
      await Promise.all([caller.program.kill(), callee.program.kill()]);
    }
  });
}
