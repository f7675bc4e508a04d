import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The first of these commands' folders on the PATH, or undefined. */
export function findCommand(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return join(folder, command);
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** For `node:test`'s `skip`: false where all the commands can be run, else what is missing. */
export function missing(...commands: readonly string[]): string | false {
  const absent = commands.filter((command) => findCommand(command) === undefined);
  return absent.length === 0 ? false : `not installed: ${absent.join(", ")}`;
}

/** For tests that make network namespaces: false where this process may, else the reason. */
export function mayNotMakeNetworks(): string | false {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  return missing("ip", "nft", "sysctl");
}
