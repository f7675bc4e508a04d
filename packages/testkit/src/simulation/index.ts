export { type Configured, configured, VirtualProcess, VirtualSite } from "./process.ts";
export { SeededRandom } from "./seeded-random.ts";
export { VirtualBroker } from "./virtual-bus.ts";
export { VirtualClock } from "./virtual-clock.ts";
export { type Passage, VirtualInternet } from "./virtual-internet.ts";
export { VirtualExchange } from "./virtual-rpc.ts";
export { VirtualStore } from "./virtual-store.ts";
export { fair, rough, stormy, type Weather } from "./weather.ts";
export { World } from "./world.ts";
