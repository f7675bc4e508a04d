import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks per second in /proc: fixed at 100 on every Linux that we run on. */
const TICK_MICROSECONDS = 10_000;

/** User and system time of the processes and all their descendants that are alive now, in microseconds. */
export function cpuMicroseconds(pids: readonly number[]): number {
  let total = 0;
  for (const pid of withDescendants(pids)) total += ticksOf(pid) * TICK_MICROSECONDS;
  return total;
}

function withDescendants(pids: readonly number[]): Set<number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const fields = statOf(pid);
    if (fields !== undefined) parents.set(pid, Number(fields[1]));
  }
  const family = new Set(pids);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (family.has(parent) && !family.has(pid)) {
        family.add(pid);
        grown = true;
      }
    }
  }
  return family;
}

function ticksOf(pid: number): number {
  const fields = statOf(pid);
  return fields === undefined ? 0 : Number(fields[11]) + Number(fields[12]);
}

/** The fields of /proc/PID/stat from the third (state) on: the second may hold blanks. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
