import type { HeardReport, Work } from "@sipmesh/runtime";

/** Milliseconds that an instance may take from when it is there until its rate is known. It has hardly begun by then. */
const NEWCOMER = 3000;

/** An instance that runs a target now, and what it told. */
export interface Teller {
  readonly instance: string;
  /** Since when it is known to be there: milliseconds of our clock. */
  readonly since: number;
  /** The oldest first. */
  readonly reports: readonly HeardReport[];
}

/** What one instance of a target has to do. */
export interface InstanceLoad {
  readonly instance: string;
  readonly pod: string | undefined;
  readonly work: Work;
  readonly perSecond: number;
  readonly inProgress: number | undefined;
  /** Seconds that work waits for the event loop, on average. */
  readonly delay: number;
  /** When it was heard last: milliseconds of our clock. */
  readonly heard: number;
}

/** What all instances of a target have to do together; or why that is not known. */
export type Volume =
  | {
      readonly known: true;
      readonly work: Work;
      readonly perSecond: number;
      readonly inProgress: number | undefined;
      /** Seconds that work waits for an event loop, on average over the instances. */
      readonly delay: number;
      /** Of the oldest word that it rests on: milliseconds of our clock. */
      readonly heard: number;
      readonly instances: readonly InstanceLoad[];
    }
  | { readonly known: false; readonly reason: string };

/**
 * Adds up what the instances of a target told. Where one of them is silent the sum would be too small, and pods would be
 * taken from who is busiest: then it is not known.
 *
 * @param staleAfter milliseconds of silence
 */
export function volumeOf(target: string, tellers: readonly Teller[], now: number, staleAfter: number): Volume {
  if (tellers.length === 0) return unknown(`no instance runs ${target}`);
  const instances: InstanceLoad[] = [];
  for (const teller of tellers) {
    const load = loadOf(target, teller, now, staleAfter);
    if (typeof load !== "string") instances.push(load);
    else if (now - teller.since >= NEWCOMER) return unknown(`${teller.instance} ${load}`);
  }
  const [first] = instances;
  if (first === undefined) return unknown(`nobody who runs ${target} has told its load yet`);
  const counted = instances.flatMap(({ inProgress }) => inProgress ?? []);
  return {
    known: true,
    work: first.work,
    perSecond: sum(instances.map(({ perSecond }) => perSecond)),
    inProgress: counted.length === instances.length ? sum(counted) : undefined,
    delay: sum(instances.map(({ delay }) => delay)) / instances.length,
    heard: Math.min(...instances.map(({ heard }) => heard)),
    instances,
  };
}

/** @returns what is wrong, as the rest of a sentence that the instance begins */
function loadOf(target: string, { instance, reports }: Teller, now: number, staleAfter: number): InstanceLoad | string {
  const telling = reports.filter(({ report }) => target in report.targets);
  const [oldest, newest] = [telling[0], telling.at(-1)];
  const [from, to] = [oldest?.report.targets[target], newest?.report.targets[target]];
  if (oldest === undefined || newest === undefined || from === undefined || to === undefined) {
    return "has not told its load";
  }
  const silent = now - newest.heard;
  if (silent > staleAfter) return `has not told its load for ${Math.round(silent / 1000)} s`;
  const seconds = (newest.report.at - oldest.report.at) / 1000;
  if (seconds <= 0) return "has told its load only once";
  const delays = telling.slice(1).map(({ report }) => report.delay.mean);
  return {
    instance,
    pod: newest.report.pod,
    work: to.work,
    perSecond: Math.max(0, to.begun - from.begun) / seconds,
    inProgress: to.inProgress,
    delay: sum(delays) / delays.length / 1000,
    heard: newest.heard,
  };
}

function unknown(reason: string): Volume {
  return { known: false, reason };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
