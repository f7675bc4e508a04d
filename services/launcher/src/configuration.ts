import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Config, type ConfigSection, loadConfig, type Sources } from "@sipmesh/config";
import { demoSection, launcherSections } from "./config.ts";
import type { DemoSubscriber } from "./demo/subscribers.ts";
import { linkSections } from "./links.ts";
import { MODULES } from "./modules.ts";
import { UsageError } from "./targets.ts";

/** Every section of the configuration, in the order in which people meet them. */
export const SECTIONS: readonly ConfigSection<unknown>[] = [
  ...launcherSections,
  ...linkSections,
  ...MODULES.map((module) => module.section),
];

/**
 * The configuration from file and environment.
 * @throws ConfigError with all that is wrong; UsageError where there is no such file
 */
export function readConfiguration(file: string | undefined, presets: Sources["presets"] = {}): Config {
  return loadConfig(SECTIONS, {
    ...(file === undefined ? {} : { file: { name: file, text: readFile(file) } }),
    environment: process.env,
    ignore: ["SIPMESH_TEST_"],
    presets,
  });
}

/** The same with the demo subscribers in the platform's own domain, unless the configuration has domains of its own. */
export function withDemoSubscribers(
  config: Config,
  file: string | undefined,
  subscribers: () => readonly DemoSubscriber[],
): { readonly config: Config; readonly demo: readonly DemoSubscriber[] } {
  if (!config.of(demoSection).subscribers || config.isSet("directory.domains")) return { config, demo: [] };
  const demo = subscribers();
  const domains = [{ name: "sipmesh", ownAddresses: true, subscribers: demo }];
  return { config: readConfiguration(file, { directory: { domains } }), demo };
}

function readFile(file: string): string {
  try {
    return readFileSync(fromCaller(file), "utf8");
  } catch (error) {
    throw new UsageError(`the configuration ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** `npm start` runs in the repository's root wherever it was called: paths mean the caller's folder. */
export function fromCaller(path: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), path);
}
