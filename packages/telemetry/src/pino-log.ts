import { type DestinationStream, destination, type Logger, pino } from "pino";
import type { Log, LogLevel } from "./log.ts";
import { redact, redactText } from "./redact.ts";

/** Bytes of log lines that wait for a slow reader; beyond it lines are dropped rather than calls delayed. */
const WAITING = 1 << 20;

export interface JsonLog {
  readonly log: Log;
  /** Writes out what waits. */
  flush(): void;
}

/** Logs as JSON, a line each, on standard error: `time`, `level`, `msg`, the fields, `trace_id` where `trace` is given. */
export function jsonLog(options: {
  readonly level: LogLevel;
  readonly fields: object;
  readonly stream?: DestinationStream;
}): JsonLog {
  const stream = options.stream ?? destination({ dest: 2, sync: false, maxLength: WAITING });
  const logger = pino(
    {
      level: options.level,
      base: options.fields,
      // Errors are shown by `redact`.
      serializers: { err: (error) => error },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => shown(fields) },
    },
    stream,
  );
  return {
    log: wrap(logger),
    flush() {
      if ("flushSync" in stream && typeof stream.flushSync === "function") stream.flushSync();
    },
  };
}

function wrap(logger: Logger): Log {
  const told = (level: LogLevel) => logger.isLevelEnabled(level);
  return {
    debug(fields, message) {
      if (told("debug")) logger.debug(fields, redactText(message));
    },
    info(fields, message) {
      if (told("info")) logger.info(fields, redactText(message));
    },
    warn: (fields, message) => logger.warn(fields, redactText(message)),
    error: (fields, message) => logger.error(fields, redactText(message)),
    child: (fields) => wrap(logger.child(shown(fields))),
  };
}

/** Without secrets, and with a trace context shown as the id by which the trace is found. */
function shown(fields: object): Record<string, unknown> {
  const { trace, ...rest } = fields as { trace?: { traceId?: string } };
  const clean = redact(rest) as Record<string, unknown>;
  return trace?.traceId === undefined ? clean : { trace_id: trace.traceId, ...clean };
}
