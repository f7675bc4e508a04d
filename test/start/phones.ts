import assert from "node:assert/strict";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock, systemRandom } from "@sipmesh/environment";
import { systemNetwork } from "@sipmesh/transport";
import { UserAgent } from "@sipmesh/user-agent";

export interface Account {
  readonly user: string;
  readonly password: string;
}

/** Our own softphones, closed after the tests of a suite. */
export function phones() {
  const opened: UserAgent[] = [];
  const clock = systemClock((error) => console.error(error));
  after(async () => {
    for (const phone of opened) await phone.close();
    clock.close();
  });
  return async (server: { address: string; port: number }, { user, password }: Account, tone = 440) => {
    const settings = {
      addressOfRecord: `sip:${user}@${server.address}`,
      secret: { username: user, password },
      server,
      transport: "udp",
      tone,
    } as const;
    const phone = await UserAgent.start(settings, { clock, random: systemRandom(), network: systemNetwork() });
    opened.push(phone);
    return phone;
  };
}

/** One calls another, who answers at once; each hears the other's tone; the caller hangs up. */
export async function callWithAudio(caller: UserAgent, callee: UserAgent, to: string): Promise<{ callId: string }> {
  const listening = callee.onCall((call) => {
    call.ring();
    call.answer();
  });
  const call = await caller.call(to);
  assert.equal(await call.established, true, `the call failed: ${call.end?.status}`);
  const received = callee.calls.find(({ callId }) => callId === call.callId) ?? callee.calls[0];
  assert.ok(received !== undefined);
  await pause(1_500);
  assert.ok(call.hears(660), "the caller hears the callee");
  assert.ok(received.hears(440), "the callee hears the caller");
  call.hangUp();
  await received.ended;
  listening.close();
  return { callId: call.callId };
}
