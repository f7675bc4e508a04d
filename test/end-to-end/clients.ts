import assert from "node:assert/strict";
import { existsSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Baresip, type BaresipOptions, freePort, freePorts, Linphone, listen, type Platform } from "@sipmesh/drivers";
import { until } from "@sipmesh/environment/testing";

const file = (name: string) => new URL(`../clients/${name}`, import.meta.url).pathname;

/** A folder for one test's files. */
export const newFolder = () => mkdtempSync(join(tmpdir(), "sipmesh-test-"));

/** The password of every subscriber in these tests. */
export const PASSWORD = "secret";

/** A baresip with a 400 Hz sine (`a`) or a WAV file (`b`) for a microphone. */
export async function baresip(
  platform: Platform,
  template: "a" | "b",
  user: string,
  more: Partial<BaresipOptions> = {},
): Promise<Baresip> {
  const rtp = await freePorts(20);
  return new Baresip({
    template: file(`baresip-${template}`),
    folder: join(newFolder(), user),
    user,
    password: PASSWORD,
    server: platform.server,
    sipPort: await freePort(),
    controlPort: await freePort(),
    rtpPorts: [rtp, rtp + 18],
    ...more,
  });
}

export async function linphone(platform: Platform, user: string): Promise<Linphone> {
  return new Linphone({
    template: file("linphone/linphonerc"),
    folder: join(newFolder(), user),
    user,
    password: PASSWORD,
    server: platform.server,
    sipPort: await freePort(),
    rtpPort: await freePorts(4),
  });
}

/** Octets of a recording that holds the three seconds by which it is judged: 16-bit samples at 8 kHz. */
const JUDGED = 44 + 2 * 8_000 * 3;

/** Waits until a phone has written its recording, and asserts that the other's tone is what it heard. */
export async function heard(recording: string | undefined, hertz: number): Promise<void> {
  assert.ok(recording !== undefined, "there is a recording");
  await until(() => existsSync(recording) && statSync(recording).size >= JUDGED);
  const sound = listen(recording);
  assert.equal(sound.hertz, hertz, `${recording}: ${JSON.stringify(sound)}`);
  assert.ok(sound.loudness > 2_000, `${recording}: ${JSON.stringify(sound)}`);
}
