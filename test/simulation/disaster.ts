import { type Configured, VirtualProcess, type World } from "@sipmesh/testkit/simulation";
import type { Disaster } from "./plan.ts";
import { modules, type PlatformOptions, type VirtualPlatform } from "./platform.ts";

interface Surroundings {
  readonly world: World;
  readonly platform: VirtualPlatform;
  readonly options: PlatformOptions;
  /** Acts at a time of the plan. */
  readonly at: (time: number, act: () => void) => void;
}

/** Lets a disaster happen at its time, and heals it. */
export function strike(disaster: Disaster, { world, platform, options, at }: Surroundings): void {
  if (disaster.what === "store-away") {
    const setAway = (away: boolean) => () => {
      for (const { store } of platform.processes) store.away = away;
    };
    at(disaster.at, setAway(true));
    at(disaster.at + disaster.lasts, setAway(false));
    return;
  }
  const victim = platform.with(disaster.target)[0];
  if (victim === undefined) throw new Error(`nobody runs ${disaster.target}`);
  const guarded = (work: Promise<void>) => void work.catch((error: unknown) => world.errors.push(error));
  const begin = (process: VirtualProcess) => {
    const all = modules(options, process.address);
    guarded(process.start(platform.targetsOf(process).map((target) => all[target] as Configured)));
  };
  const followed = () => {
    const reborn = new VirtualProcess(platform.site, `${victim.instance}-reborn`, victim.address);
    platform.replace(victim, reborn);
    begin(reborn);
  };
  const ends = disaster.at + disaster.lasts;
  switch (disaster.what) {
    case "crash":
      at(disaster.at, () => guarded(victim.crash()));
      at(ends, followed);
      break;
    case "leave":
      at(disaster.at, () => guarded(victim.leave()));
      at(ends, followed);
      break;
    case "join":
      at(disaster.at, () => begin(platform.another(victim)));
      break;
    case "cut-off":
      at(disaster.at, () => victim.cut(true));
      at(ends, () => victim.cut(false));
      break;
  }
}
