import type { ClosableClock, Timer } from "./clock.ts";
import { Wheel } from "./wheel.ts";

/** Milliseconds by which a timer may be late beside the delay of the event loop. */
export const GRAIN = 8;
/** Node.js takes no longer delay than 2^31 - 1 ms. */
const LONGEST_SLEEP = 0x7fff_ffff;
/** How often the wall clock is looked at, in milliseconds. */
const WALL_CHECK = 1000;

const CANCELLED: Timer = { cancel() {} };

/**
 * The process's own clock: a timer wheel over one timer of Node.js, which sleeps until the next timer is due. A process
 * lives on while a timer is set.
 *
 * Timers count time that passes (monotonic). `now` follows the wall clock where that is set forward, and stands still
 * rather than goes back.
 *
 * @param onError is told what the function of a timer throws.
 */
export function systemClock(onError: (error: unknown) => void): ClosableClock {
  const wheel = new Wheel(GRAIN, performance.now());
  let epoch = performance.timeOrigin;
  let wallChecked = 0;
  let closed = false;
  let turning = false;
  let wake: NodeJS.Timeout | undefined;
  let wakeAt = Number.POSITIVE_INFINITY;

  function arm(): void {
    const next = wheel.nextTurn();
    if (next === undefined || next >= wakeAt) return;
    clearTimeout(wake);
    wakeAt = next;
    // Node.js may wake up to 1 ms early.
    const sleep = Math.min(Math.max(Math.ceil(next - performance.now()), 1), LONGEST_SLEEP);
    wake = setTimeout(turn, sleep);
  }

  function turn(): void {
    wake = undefined;
    wakeAt = Number.POSITIVE_INFINITY;
    turning = true;
    wheel.turn(performance.now(), onError);
    turning = false;
    arm();
  }

  function followWall(passed: number): void {
    wallChecked = passed;
    const wall = Date.now();
    if (wall > epoch + passed) epoch = wall - passed;
  }

  return {
    now() {
      const passed = performance.now();
      if (passed - wallChecked > WALL_CHECK) followWall(passed);
      return Math.floor(epoch + passed);
    },
    after(ms, run) {
      if (closed) return CANCELLED;
      const due = performance.now() + Math.max(ms, 0);
      const entry = wheel.add(due, run);
      if (!turning && entry.tick * GRAIN < wakeAt) arm();
      return entry;
    },
    close() {
      closed = true;
      clearTimeout(wake);
      wheel.clear();
    },
  };
}
