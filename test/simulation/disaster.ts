import { type Configured, VirtualProcess, type World } from "@sipmesh/testkit/simulation";
import type { Disaster, Rollout } from "./plan.ts";
import { modules, type PlatformOptions, type VirtualPlatform } from "./platform.ts";

/** Servers that the broker consists of. */
const SERVERS = 3;
/** Milliseconds between two looks at whether a process is ready. */
const LOOK = 500;

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
  if (disaster.what === "broker-server-lost") {
    // Each third of the processes has a server of its own.
    const connected = platform.processes.filter((_, index) => index % SERVERS === 0);
    at(disaster.at, () => {
      for (const process of connected) process.loseBroker(true);
    });
    at(disaster.at + disaster.lasts, () => {
      for (const process of connected) process.loseBroker(false);
    });
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
  const rollOut = ({ at: begins, lasts, sleeps, storeDelay, brokerDelay, target }: Rollout): void => {
    const former = platform.with(target);
    const setDelay = (delay: number) => () => {
      for (const { store } of platform.with(target)) store.delay = [0.1, delay];
    };
    for (let index = 0; index <= former.length; index++) at(begins + index * lasts + LOOK, setDelay(storeDelay));
    const { broker } = platform.site;
    const setBrokerDelay = (delay: number) => () => {
      broker.delay = [0.1, delay];
    };
    at(begins, setBrokerDelay(brokerDelay));
    at(begins + (former.length + 2) * lasts, setDelay(3));
    at(begins + (former.length + 2) * lasts, setBrokerDelay(3));
    for (const [index, process] of former.entries()) {
      let follower: VirtualProcess | undefined;
      at(begins + index * lasts, () => {
        follower = platform.another(process);
        begin(follower);
      });
      // As Kubernetes has it: who is replaced goes when its follower is ready.
      const replace = (): void => {
        if (follower?.ready !== true) world.clock.after(LOOK, replace);
        else guarded(process.leave().then(() => platform.gone(process)));
      };
      at(begins + index * lasts + LOOK, replace);
    }
    for (const { index, at: time, lasts: milliseconds } of sleeps) {
      at(time, () => {
        const process = platform.with(target)[index];
        process?.sleep(true);
        world.clock.after(milliseconds, () => process?.sleep(false));
      });
    }
  };
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
    case "sleep":
      at(disaster.at, () => victim.sleep(true));
      at(ends, () => victim.sleep(false));
      break;
    case "rollout":
      rollOut(disaster);
      break;
    case "cut-off":
      at(disaster.at, () => victim.cut(true));
      at(ends, () => victim.cut(false));
      break;
  }
}
