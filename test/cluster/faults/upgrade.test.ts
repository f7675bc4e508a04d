import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runProgram } from "@sipmesh/drivers";
import { buildImage } from "../images.ts";
import { OVER_UDP } from "../load.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster, ROOT } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";

/** Of the image of the version before. */
const TAG = `${process.env.SIPMESH_TEST_IMAGE_TAG ?? "test"}-older`;

/** Edges are replaced, too, and the address led to another node, where nobody knows the connections. */
const load = { flows: OVER_UDP };

describe("two adjacent versions", { skip: noCluster("git") }, () => {
  const older = mkdtempSync(join(tmpdir(), "sipmesh-older-"));
  let site: Site;
  before(async () => {
    await checkOut(await versionBefore(), older);
    await buildImage(older, TAG);
    site = await sharedSite();
    await site.release.install(
      { ...site.values, image: { registry: "sipmesh.test", tag: TAG, pullPolicy: "Never" } },
      { chart: join(older, "charts", "sipmesh") },
    );
  });
  after(async () => {
    rmSync(older, { recursive: true });
    await site?.release.install(site.values);
    await site?.close();
  });

  it("helm upgrade loses no call", async () => {
    const upgraded = await strikeUnderLoad(site, {
      name: "helm upgrade from the version before",
      strike: () => site.release.install(site.values),
      load,
    });
    assertNothingLost(upgraded);
  });

  it("helm rollback loses no call", async () => {
    const rolledBack = await strikeUnderLoad(site, {
      name: "helm rollback to the version before",
      strike: async () => {
        await site.release.helm("rollback", "sipmesh");
        await site.release.settled();
      },
      load,
    });
    assertNothingLost(rolledBack);
  });
});

/** The last release where there is one, else the commit before. */
async function versionBefore(): Promise<string> {
  if (process.env.SIPMESH_TEST_OLDER !== undefined) return process.env.SIPMESH_TEST_OLDER;
  const tag = runProgram("git", ["-C", ROOT, "describe", "--tags", "--abbrev=0", "HEAD~1"]);
  return await tag.then(
    (name) => name.trim(),
    () => "HEAD~1",
  );
}

async function checkOut(version: string, folder: string): Promise<void> {
  const archive = `${folder}.tar`;
  await runProgram("git", ["-C", ROOT, "archive", "--format=tar", "-o", archive, version]);
  await runProgram("tar", ["-xf", archive, "-C", folder]);
  rmSync(archive);
}
