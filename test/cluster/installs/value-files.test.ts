import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { IMAGES, putImages } from "../images.ts";
import { Release } from "../release.ts";
import { noCluster } from "../surroundings.ts";

const FILES = [
  { file: "restricted.yaml", enforce: "restricted" },
  { file: "small-site.yaml", enforce: "privileged" },
  { file: "one-node.yaml", enforce: "privileged" },
] as const;

describe("The ready-made value files", { skip: noCluster() }, () => {
  before(async () => {
    await putImages();
  });

  for (const { file, enforce } of FILES) {
    describe(`${file}, in a namespace that enforces ${enforce}`, () => {
      const release = new Release(`sipmesh-${file.replace(".yaml", "")}-${process.pid}`);
      before(async () => {
        await release.create(enforce);
      });
      after(async () => {
        await release.remove();
      });

      it("installs, and two phones talk", async () => {
        await release.install(IMAGES, { file });
        const told = await release.helm("test", "sipmesh", "--logs", "--timeout", "2m");
        assert.match(told, /Phase: +Succeeded/);
      });
    });
  }
});
