import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Baresip, type BaresipOptions, freePort, Linphone, type Platform } from "@sipmesh/drivers";

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
  const rtp = await freePort(20);
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
    rtpPort: await freePort(4),
  });
}
