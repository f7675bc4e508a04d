import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JaegerTrace } from "@sipmesh/drivers";
import { busiest, callsOf, kill } from "../pods.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { strikeUnderLoad } from "../under-load.ts";
import { until } from "../until.ts";

describe("a call whose owner died", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await site?.close();
  });

  it("is one trace in Jaeger, from INVITE to BYE: the spans of the successor join it", async () => {
    let owned: readonly string[] = [];
    await strikeUnderLoad(site, {
      name: "kill −9 of the owner, and the trace of its calls",
      strike: async (load) => {
        const pod = await busiest(site.release, "transaction");
        owned = (await callsOf(site.release, pod)).filter((callId) => load.placed(callId));
        await kill(site.release, pod, "transaction");
      },
      load: { flows: [{ kind: "answered", rate: 8 }], registering: 0 },
    });
    assert.ok(owned.length > 0, "it owned calls");
    // The youngest: others may have been answered by the time that it was killed.
    for (const callId of owned.slice(-5)) {
      const trace = await until(() => finished(site, callId), 30_000, `the trace of ${callId} to its BYE`);
      assert.ok(trace.spans.some(isAdopted), `spans of the successor in the trace of ${callId}`);
    }
  });
});

/** The one trace of a call that has ended; undefined where it is not there yet. @throws where there are two */
async function finished({ release }: Site, callId: string): Promise<JaegerTrace | undefined> {
  const data = await release.traces({ "sip.call_id": callId });
  assert.ok(data.length <= 1, `${data.length} traces of ${callId}`);
  return data[0]?.spans.some((span) => isOf(span, "BYE") && isAnswered(span)) ? data[0] : undefined;
}

const isOf = (span: JaegerTrace["spans"][number], method: string) =>
  span.tags.some(({ key, value }) => key === "sip.method" && value === method);

const isAnswered = (span: JaegerTrace["spans"][number]) =>
  span.tags.some(({ key, value }) => key === "sip.status_code" && Number(value) === 200);

/** Who went on with the call says so; it may be the dead owner's own pod, whose container has started again. */
const isAdopted = ({ logs }: JaegerTrace["spans"][number]) =>
  logs.some(({ fields }) => fields.some(({ key, value }) => key === "event" && value === "sip.adopted"));
