import { relative } from "node:path";
import { inspect } from "node:util";

interface TestEvent {
  readonly type: string;
  readonly data: unknown;
}

interface Failed {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly details: { readonly type?: string; readonly error: Error };
}

interface Summary {
  /** Absent: of all files. */
  readonly file?: string;
  readonly success: boolean;
  readonly duration_ms: number;
}

/** A reporter that shows what failed, and each file as it ends. */
export async function* failures(events: AsyncIterable<TestEvent>): AsyncIterable<string> {
  for await (const { type, data } of events) {
    if (type === "test:stderr" || type === "test:stdout") {
      yield (data as { message: string }).message;
      continue;
    }
    if (type === "test:summary") {
      const { file, success, duration_ms } = data as Summary;
      if (file !== undefined)
        yield `  ${success ? "✔" : "✖"} ${relative(process.cwd(), file)} (${(duration_ms / 1000).toFixed(1)} s)\n`;
      continue;
    }
    if (type !== "test:fail") continue;
    const { name, file, line, details } = data as Failed;
    const { failureType } = details.error as { failureType?: string };
    if (failureType === "subtestsFailed") continue;
    yield `✖ ${name} (${file}:${line})\n${inspect(details.error.cause ?? details.error)}\n`;
  }
}
