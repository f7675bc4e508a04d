import { attributeOf, type JaegerSpan, type JaegerTrace } from "@sipmesh/drivers";
import type { Release } from "./release.ts";

/** Milliseconds that spans take from who made them to Jaeger. */
const ON_THE_WAY = 7000;
/** Calls that are told of at most. */
const AT_MOST = 4;

/** What Jaeger tells of the calls that SIPp complains of, as lines for people; without Jaeger, why there are none. */
export async function storiesOf(release: Release, complaints: string): Promise<string> {
  // Users end in numbers, too: "answered-30402-3".
  const callIds = [...complaints.matchAll(/(?<![\w-])\d+-\d+@[\d.]+/g)].map(([callId]) => callId);
  const chosen = [...new Set(callIds)].slice(0, AT_MOST);
  if (chosen.length === 0) return "";
  await new Promise((resolve) => setTimeout(resolve, ON_THE_WAY));
  const stories = chosen.map((callId) =>
    storyOf(release, callId).catch(
      (error: unknown) => `${callId}: Jaeger was not asked, ${String(error).slice(0, 200)}`,
    ),
  );
  return (await Promise.all(stories)).join("\n");
}

async function storyOf(release: Release, callId: string): Promise<string> {
  const data = await release.traces({ "sip.call_id": callId });
  return data.map((trace) => `${callId}, trace ${trace.traceID}\n${ladder(trace)}`).join("\n") || `${callId}: no trace`;
}

/** Spans and their events in the order of time. */
function ladder(trace: JaegerTrace): string {
  const lines = trace.spans.flatMap((span) => [
    { at: span.startTime, text: `${podOf(trace, span)} ${span.operationName} ${about(span)}` },
    ...span.logs.map(({ timestamp, fields }) => ({
      at: timestamp,
      text: `${podOf(trace, span)}   ${fields.map(({ value }) => String(value)).join(" ")}`,
    })),
  ]);
  return lines
    .sort((one, other) => one.at - other.at)
    .map(({ at, text }) => `  ${new Date(at / 1000).toISOString().slice(11, 23)} ${text}`.slice(0, 220))
    .join("\n");
}

function about({ tags, duration }: JaegerSpan): string {
  const shown = tags.filter(({ key }) => /^(sip\.(method|status_code)|otel\.status_description)$/.test(key));
  return `${shown.map(({ value }) => String(value)).join(" ")} (${Math.round(duration / 1000)} ms)`;
}

function podOf({ processes }: JaegerTrace, { processID }: JaegerSpan): string {
  return attributeOf(processes[processID], "k8s.pod.name") ?? "?";
}
