import { parseArgs } from "node:util";

/** What the command line asks for. */
export type Command =
  | { readonly do: "run" | "print-config" | "verify-config"; readonly targets: string; readonly config?: string }
  | { readonly do: "list-targets" | "help" | "version" }
  | { readonly do: "complain"; readonly about: string };

export const HELP = `sipmesh [options]

Runs the whole SIP platform in one process, or a part of it.

  --target=LIST     what to run, separated by commas (default: all)
  --config FILE     configuration (YAML); the environment (SIPMESH_<SECTION>_<KEY>) goes over it
  --print-config    print the configuration in force, secrets hidden, and exit
  --verify-config   check the configuration and exit: 0 where it is right, 78 where it is not
  --list-targets    print the targets and what they need
  --version         print the version
  --help            print this

Reference: docs/reference/configuration.md
`;

/** Reads the command line. */
export function readCommand(args: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        target: { type: "string", default: "all" },
        config: { type: "string" },
        "print-config": { type: "boolean", default: false },
        "verify-config": { type: "boolean", default: false },
        "list-targets": { type: "boolean", default: false },
        version: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { do: "help" };
    if (values.version) return { do: "version" };
    if (values["list-targets"]) return { do: "list-targets" };
    const config = values.config === undefined ? {} : { config: values.config };
    const run = values["print-config"] ? "print-config" : values["verify-config"] ? "verify-config" : "run";
    return { do: run, targets: values.target, ...config };
  } catch (error) {
    return { do: "complain", about: (error as Error).message };
  }
}
