#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { printConfig } from "@sipmesh/config";
import { systemRandom } from "@sipmesh/environment";
import { processSection } from "./config.ts";
import { readConfiguration, withDemoSubscribers } from "./configuration.ts";
import { addressForPhones, firstCall } from "./demo/first-call.ts";
import { demoFile, demoSubscribers } from "./demo/subscribers.ts";
import { EXIT, failure } from "./exit-code.ts";
import { MODULES } from "./modules.ts";
import { HELP, readCommand } from "./options.ts";
import { leaveTime, type RunningPlatform, startPlatform } from "./platform.ts";
import { sipListener } from "./sip-listener.ts";
import { chooseModules, processName, UsageError } from "./targets.ts";

/** Milliseconds to wait for readiness before the first words. */
const READY = 10_000;

const version = (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string })
  .version;

try {
  await main();
} catch (error) {
  const { code, text } = failure(error);
  process.stderr.write(text);
  process.exit(code);
}

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  switch (command.do) {
    case "help":
      process.stdout.write(HELP);
      return;
    case "version":
      process.stdout.write(`${version}\n`);
      return;
    case "list-targets":
      process.stdout.write(`all\n${MODULES.map(targetLine).join("\n")}\n`);
      return;
    case "complain":
      throw new UsageError(`${command.about}\n\n${HELP}`);
    case "print-config":
      process.stdout.write(printConfig(readConfiguration(command.config)));
      return;
    case "verify-config":
      readConfiguration(command.config);
      process.stdout.write("the configuration is right\n");
      return;
    case "run":
      await run(command.targets, command.config);
      return;
    default:
      command satisfies never;
  }
}

function targetLine({ name, needs, onlyByName }: (typeof MODULES)[number]): string {
  const asks = needs.length === 0 ? "" : `asks ${needs.join(", ")}`;
  return `${name.padEnd(12)} ${onlyByName === true ? "not in all" : asks}`.trimEnd();
}

async function run(targets: string, file: string | undefined): Promise<void> {
  const modules = chooseModules(targets, MODULES);
  const runs = (name: string) => modules.some((module) => module.name === name);
  const plain = readConfiguration(file);
  const dataDirectory = resolve(plain.of(processSection).dataDirectory);
  const { config, demo } = runs("directory")
    ? withDemoSubscribers(plain, file, () => demoSubscribers(dataDirectory))
    : { config: plain, demo: [] };
  const name = processName(modules, MODULES);
  const instance = `${name}-${systemRandom().token(8)}`;
  const started = stopOnSignals(leaveTime(config));
  const platform = await startPlatform({ config, modules, name, instance, version, dataDirectory });
  started(platform);
  platform.telemetry.log.info({ targets: modules.map((module) => module.name), admin: platform.adminUrl }, "started");

  if (demo.length === 0 || !runs("edge")) return;
  const reason = await notReady(platform);
  if (reason !== undefined) platform.telemetry.log.warn({ reason }, "not ready yet");
  const listener = sipListener(config);
  if (process.stdout.isTTY && listener !== undefined) {
    const address = listener.address === "*" ? addressForPhones() : listener.address;
    const facts = { address, sipPort: listener.port, adminUrl: platform.adminUrl, dataDirectory, subscribers: demo };
    process.stdout.write(firstCall(facts));
  } else {
    process.stdout.write(
      `sipmesh is running. Demo subscribers: ${demoFile(dataDirectory)}. Admin port: ${platform.adminUrl}\n`,
    );
  }
}

/** Waits until the platform is ready; the reason where it takes too long. */
async function notReady(platform: RunningPlatform): Promise<string | undefined> {
  const end = performance.now() + READY;
  for (;;) {
    const ready = platform.ready();
    if (ready.ok) return undefined;
    if (performance.now() > end) return ready.reason;
    await pause(50);
  }
}

/**
 * The first signal stops in order, within bounded time (ms); the second at once. Gives the function that is to be told of
 * the platform once it runs.
 */
function stopOnSignals(bound: number): (platform: RunningPlatform) => void {
  let platform: RunningPlatform | undefined;
  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) process.exit(EXIT.software);
    stopping = true;
    // Nobody was promised anything yet. Process 1 of a container has no default that would end it while it waits for NATS.
    if (platform === undefined) process.exit(EXIT.ok);
    platform.telemetry.log.info({ signal }, "stopping");
    const late = pause(bound, "late" as const, { ref: false });
    const how = await Promise.race([platform.stop().catch((error: unknown) => String(error)), late]);
    if (how !== undefined) process.stderr.write(`sipmesh did not stop in order: ${how}\n`);
    process.exit(how === undefined ? EXIT.ok : EXIT.software);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return (running) => {
    platform = running;
  };
}
