import { startPlatform } from "@sipmesh/drivers";

const p = await startPlatform({ shape: "split" });
for (let i = 0; i < 3; i++) {
  await p.kill("media");
  const t = performance.now();
  await p.resume("media");
  await p.ready();
  console.log("ready", Math.round(performance.now() - t));
}
await p.stop();
