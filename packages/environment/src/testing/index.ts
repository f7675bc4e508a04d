export { until } from "./until.ts";
export { settled, VirtualClock } from "./virtual-clock.ts";
