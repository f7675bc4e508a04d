export type { Clock, ClosableClock, Timer } from "./clock.ts";
export { type EventLoop, systemEventLoop } from "./event-loop.ts";
export { hash } from "./hash.ts";
export { latin1 } from "./latin1.ts";
export { type Random, systemRandom } from "./random.ts";
export { systemClock } from "./system-clock.ts";
