import { able, ROOT } from "./surroundings.ts";

/** Of our image; whoever shares a cluster with another run of these tests names one of his own. */
const TAG = process.env.SIPMESH_TEST_IMAGE_TAG ?? "test";

/** The images of a run: ours built from this source, the others from programs. */
export const IMAGES = {
  image: { registry: "sipmesh.test", tag: TAG, pullPolicy: "Never" },
  nats: { image: { registry: "sipmesh.test", repository: "nats", tag: "test", pullPolicy: "Never" } },
  jaeger: { image: { registry: "sipmesh.test", repository: "jaeger", tag: "test", pullPolicy: "Never" } },
} as const;

/** Puts them on every node, once for a run of several files. */
export async function putImages(): Promise<void> {
  if (process.env.SIPMESH_TEST_IMAGES_PUT !== undefined) return;
  await able("programImage", ["nats-server", "sipmesh.test/nats:test"], 300_000);
  await able("programImage", ["jaeger", "sipmesh.test/jaeger:test"], 300_000);
  await buildImage(ROOT, TAG);
}

/** Builds our image from a source tree. */
export async function buildImage(source: string, tag: string): Promise<void> {
  await able("buildImage", [`sipmesh.test/sipmesh:${tag}`, source, "-f", `${source}/deploy/Dockerfile`], 900_000);
}
