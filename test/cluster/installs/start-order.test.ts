import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { IMAGES, putImages } from "../images.ts";
import { Release } from "../release.ts";
import { noCluster } from "../surroundings.ts";
import { until } from "../until.ts";

/** Longer than a liveness probe bears with a pod (six times ten seconds). */
const BORNE = 75_000;
const OURS = "app.kubernetes.io/component in (edge,transaction,location,routing,directory,media)";

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
      readonly state: { readonly running?: { readonly startedAt: string } };
    }[];
  };
}

describe("The order of starting", { skip: noCluster() }, () => {
  const release = new Release(`sipmesh-order-${process.pid}`);
  before(async () => {
    await putImages();
    await release.install({ ...IMAGES, media: { network: "pod" } });
  });
  after(async () => {
    await release.remove();
  });

  const pods = async (): Promise<readonly Pod[]> =>
    (JSON.parse(await release.kubectl("get", "pods", "-l", OURS, "-o", "json")) as { items: Pod[] }).items;

  it("without NATS every pod waits: it lives, is not ready, and is not restarted", async () => {
    await release.kubectl("scale", "statefulset", "sipmesh-nats", "--replicas=0");
    await release.kubectl("wait", "pod", "-l", "app.kubernetes.io/component=nats", "--for=delete", "--timeout=120s");
    await release.kubectl("delete", "pods", "-l", OURS);
    const waited = await until(
      async () => {
        const states = (await pods()).flatMap(({ status }) => status.containerStatuses ?? []);
        const borne = ({ state }: (typeof states)[number]) =>
          state.running !== undefined && Date.now() - Date.parse(state.running.startedAt) > BORNE;
        return states.length >= 10 && states.every((one) => borne(one) || one.restartCount > 0) ? states : undefined;
      },
      240_000,
      "every pod has waited for longer than a liveness probe bears",
    );
    for (const { ready, restartCount } of waited)
      assert.deepEqual({ ready, restartCount }, { ready: false, restartCount: 0 });
  });

  it("NATS comes last, and all become ready and carry a call", async () => {
    await release.kubectl("scale", "statefulset", "sipmesh-nats", "--replicas=1");
    await release.settled();
    for (const { metadata, status } of await pods())
      assert.equal(status.containerStatuses?.[0]?.restartCount, 0, metadata.name);
    assert.match(await release.helm("test", "sipmesh", "--logs", "--timeout", "2m"), /Phase: +Succeeded/);
  });
});
