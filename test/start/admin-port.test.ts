import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, it } from "node:test";
import { newFolder, Running } from "./sipmesh.ts";

describe("The admin port", () => {
  it("shows life, readiness, metrics, state and trace ids, and lets nothing be changed", async () => {
    const platform = await (await Running.start({ folder: newFolder(), name: "shown" })).ready();
    try {
      assert.equal(await (await platform.page("/live")).text(), "live\n");
      assert.deepEqual(await (await platform.page("/ready")).json(), { ok: true });
      const metrics = await platform.page("/metrics");
      assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain/);
      assert.match(await metrics.text(), /^# TYPE sipmesh_registrations gauge$/m);
      const state = (await (await platform.page("/state")).json()) as { targets: Record<string, unknown> };
      const targets = ["directory", "edge", "location", "media", "routing", "transaction"];
      assert.deepEqual(Object.keys(state.targets).toSorted(), targets);
      const trace = async (query: string) =>
        (await (await platform.page(`/trace?${query}`)).json()) as { traceId: string };
      const { traceId } = await trace("call-id=a@b&from-tag=1");
      assert.match(traceId, /^[0-9a-f]{32}$/);
      assert.equal((await trace("call-id=a@b&from-tag=1")).traceId, traceId);
      assert.notEqual((await trace("call-id=a@b&from-tag=2")).traceId, traceId);

      assert.equal((await platform.page("/nothing")).status, 404);
      for (const method of ["POST", "PUT", "DELETE"]) {
        assert.equal((await platform.page("/state", { method })).status, 405);
      }
      assert.equal(await statusAsHost(platform, "evil.example"), 403, "a web page's own name is no way in");
    } finally {
      await platform.program.stop();
    }
  });
});

function statusAsHost(platform: Running, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(platform.url, { path: "/state", headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once("error", reject).end();
  });
}
