import { ConfigError } from "@sipmesh/config";
import { UsageError } from "./targets.ts";

/** Exit codes (sysexits.h); docs/operations.md has them. */
export const EXIT = { ok: 0, usage: 64, unavailable: 69, software: 70, config: 78 } as const;

/** Errors of the surroundings, by name: their message says what to do, and their stack helps nobody. */
const SURROUNDINGS = ["BindError", "AdminPortError", "StoreFileError", "StoreAway", "CertificateError"];

/** What a failed start is told as. */
export function failure(error: unknown): { readonly code: number; readonly text: string } {
  if (error instanceof UsageError) return { code: EXIT.usage, text: `${error.message}\n` };
  if (error instanceof ConfigError) return { code: EXIT.config, text: `${error.message}\n` };
  if (error instanceof Error && SURROUNDINGS.includes(error.name)) {
    return { code: EXIT.unavailable, text: `sipmesh cannot start: ${error.message}\n` };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: EXIT.software, text: `sipmesh cannot start, and this is a fault of the program:\n${stack}\n` };
}
