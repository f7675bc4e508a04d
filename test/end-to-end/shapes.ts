import { after, before, describe } from "node:test";
import { missing, type Platform, type PlatformOptions, type Shape, startPlatform } from "@sipmesh/drivers";

/** The shapes that every end-to-end test runs against, unchanged. SIPMESH_TEST_SHAPES narrows them down. */
const SHAPES = (process.env.SIPMESH_TEST_SHAPES ?? "all,split").split(",") as Shape[];

/**
 * Describes the same behaviour for every shape. The platform is started before the first test and stopped after the last;
 * `needs` names the foreign programs without which the tests are skipped, with that reason.
 */
export function inEveryShape(
  what: string,
  options: { needs: readonly string[]; platform?: Omit<PlatformOptions, "shape"> },
  tests: (platform: () => Platform) => void,
): void {
  for (const shape of SHAPES) {
    const needs = shape === "split" ? [...options.needs, "nats-server"] : options.needs;
    const skip = missing(...needs);
    describe(`${what} (${shape})`, { skip }, () => {
      let platform: Platform | undefined;
      before(async () => {
        platform = await startPlatform({ ...options.platform, shape });
      });
      after(async () => {
        await platform?.stop();
      });
      tests(() => {
        if (platform === undefined) throw new Error("the platform did not start");
        return platform;
      });
    });
  }
}
