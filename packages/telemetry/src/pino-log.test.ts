import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonLog } from "./pino-log.ts";

function logged(run: (log: ReturnType<typeof jsonLog>["log"]) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  run(jsonLog({ level: "info", fields: { instance: "edge-1" }, stream: { write: (text) => lines.push(text) } }).log);
  return lines.map((line) => JSON.parse(line));
}

test("A line is JSON with level, time, fields, and the id of its trace", () => {
  const [line] = logged((log) =>
    log
      .child({ service: "edge" })
      .warn({ trace: { traceId: "ab".repeat(16), spanId: "1" }, source: "10.0.0.1" }, "too large"),
  );
  const { time, ...rest } = line ?? {};
  assert.ok(!Number.isNaN(Date.parse(String(time))));
  assert.deepEqual(rest, {
    level: "warn",
    instance: "edge-1",
    service: "edge",
    trace_id: "ab".repeat(16),
    source: "10.0.0.1",
    msg: "too large",
  });
});

test("Nothing secret reaches a line: fields, child fields, message, error", () => {
  const lines = logged((log) => {
    log.child({ password: "geheim" }).error({ err: new Error("Authorization: geheim") }, "sip:alice:geheim@b");
    log.debug({}, "not shown at this level");
  });
  assert.equal(lines.length, 1);
  assert.doesNotMatch(JSON.stringify(lines), /geheim/);
});
