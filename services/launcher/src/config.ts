import { section } from "@sipmesh/config";
import { z } from "zod";

/** What belongs to the process, whatever targets run in it. */
export const processSection = section(
  "process",
  z.strictObject({
    dataDirectory: z
      .string()
      .min(1)
      .default("data")
      .describe(
        "Where files are kept over restarts: registrations, keys, demo passwords. Relative to the working directory.",
      ),
    leaveTime: z
      .int()
      .min(1)
      .max(100_000)
      .default(20)
      .describe("Seconds that stopping may take after SIGTERM or SIGINT; then the process ends as it is."),
    warmUp: z
      .int()
      .min(0)
      .max(10_000)
      .default(500)
      .describe(
        "Calls that a platform in memory carries before this process is ready, so that V8 has compiled what they need; 0 for none.",
      ),
  }),
);

export const adminSection = section(
  "admin",
  z.strictObject({
    address: z
      .string()
      .min(1)
      .default("127.0.0.1")
      .describe("Address of the admin port (health, metrics, live state). Whoever reaches it reads who calls whom."),
    port: z.int().min(0).max(65_535).default(8060).describe("Admin port (HTTP); 0 for any that is free."),
  }),
);

export const logSection = section(
  "log",
  z.strictObject({
    level: z
      .enum(["debug", "info", "warn", "error", "silent"])
      .optional()
      .describe(
        "What is logged, as JSON lines on standard error; unless set: info, and warn where that is a terminal.",
      ),
  }),
);

export const traceSection = section(
  "trace",
  z.strictObject({
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        "OTLP/HTTP receiver, such as http://127.0.0.1:4318; OTEL_EXPORTER_OTLP_ENDPOINT unless set, else no traces.",
      ),
    ratio: z.number().min(0).max(1).default(1).describe("Share of calls that are traced, 0 to 1, chosen by trace id."),
    keepFailed: z
      .boolean()
      .default(false)
      .describe("Whether failed calls are traced whatever the ratio says; every call is recorded for it."),
  }),
);

export const demoSection = section(
  "demo",
  z.strictObject({
    subscribers: z
      .boolean()
      .default(true)
      .describe("Whether alice and bob exist, with passwords made once, as long as `directory.domains` is not set."),
  }),
);

export const launcherSections = [processSection, adminSection, logSection, traceSection, demoSection] as const;
