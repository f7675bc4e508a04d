import type { HrTime } from "@opentelemetry/api";

/** Milliseconds as OpenTelemetry wants them: whole seconds and nanoseconds. */
export function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.floor((milliseconds - seconds * 1000) * 1e6)];
}
