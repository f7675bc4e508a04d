import { setTimeout as pause } from "node:timers/promises";

/** Asks until an answer is there. */
export async function until<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  milliseconds: number,
  what: string,
): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${milliseconds} ms`);
    await pause(250);
  }
}
