import assert from "node:assert/strict";
import { storiesOf } from "./call-stories.ts";
import { note } from "./fault-table.ts";
import { Load, type LoadOptions, type Outcome, type Phases } from "./load.ts";
import type { Site } from "./site.ts";

/** Calls that are placed after the platform is whole again, to show that it is. */
const AFTERWARDS = 40;
/** Calls that must be in each phase before a test strikes. */
const IN_EACH_PHASE: Phases = { settingUp: 1, ringing: 10, talking: 10 };

export interface Fault {
  /** As the table names it. */
  readonly name: string;
  /** Does the harm, and waits until it is done. */
  strike(load: Load): Promise<void>;
  /** Waits until the platform is whole again; absent: until every pod is ready. */
  healed?(): Promise<void>;
}

export interface Conditions {
  readonly load?: Omit<LoadOptions, "remote" | "remoteOverTcp">;
  /** Where phones send to, over TCP too; absent: the site's addresses. */
  readonly remote?: string;
  readonly inEachPhase?: Phases;
}

export interface Struck {
  readonly outcomes: readonly Outcome[];
  /** Calls at the moment of the first fault. */
  readonly phases: Phases;
  /** Calls begun from each fault until the platform was whole again. */
  readonly begunMeanwhile: number;
  /** What Jaeger tells of the calls that SIPp complains of; empty where it does not. */
  readonly stories: string;
}

/**
 * Places calls, strikes while some are in set-up, some ring and some talk, waits until the platform is whole again, lets
 * more calls be placed, and gives what SIPp counted.
 */
export function strikeUnderLoad(site: Site, fault: Fault & Conditions): Promise<Struck> {
  return strikeInTurn(site, [fault], fault);
}

/**
 * The same with several faults, one after the other, each when all phases are populated again. A call that fails is
 * counted, in the table, under the fault during which SIPp noticed it.
 */
export async function strikeInTurn(
  site: Site,
  faults: readonly Fault[],
  { remote, load: options, inEachPhase = IN_EACH_PHASE }: Conditions = {},
): Promise<Struck> {
  const [to, toOverTcp] = [remote ?? site.remote, remote ?? site.remoteOverTcp];
  if (to === undefined || toOverTcp === undefined) throw new Error("it was not said where phones send to");
  await site.release.freshened();
  const load = await Load.start({ remote: to, remoteOverTcp: toOverTcp, ...options });
  try {
    let first: Phases | undefined;
    let begunMeanwhile = 0;
    const rows: { readonly fault: string; readonly from: number; readonly failed: number; readonly heal: number }[] =
      [];
    for (const fault of faults) {
      const [from, failed] = [load.begun, load.failed];
      const phases = await load.populated(inEachPhase);
      const [struck, begun] = [Date.now(), load.begun];
      await fault.strike(load);
      await (fault.healed?.() ?? site.release.settled());
      const heal = (Date.now() - struck) / 1000;
      begunMeanwhile += load.begun - begun;
      await load.goesOn(AFTERWARDS);
      first ??= phases;
      rows.push({ fault: fault.name, from: rows.length === 0 ? 0 : from, failed, heal });
      console.log(
        `  at the fault: ${phases.settingUp} in set-up, ${phases.ringing} ringing, ${phases.talking} talking`,
      );
    }
    const outcomes = await load.finish();
    const calls = outcomes.filter(({ places }) => places === "calls");
    const sum = (of: (outcome: Outcome) => number) => calls.reduce((all, outcome) => all + of(outcome), 0);
    const [placed, lost] = [sum(({ created }) => created), sum((outcome) => outcome.lost)];
    for (const [at, { fault, from, failed, heal }] of rows.entries()) {
      const next = rows[at + 1];
      note({ fault, placed: (next?.from ?? placed) - from, failed: (next?.failed ?? lost) - failed, heal });
    }
    const stories = await storiesOf(site.release, outcomes.map(({ errors }) => errors).join("\n"));
    return { outcomes, phases: first ?? inEachPhase, begunMeanwhile, stories };
  } finally {
    await load.stop();
  }
}

/** SIPp is the judge: nobody lost a call, nobody heard what it did not expect. */
export function assertNothingLost({ outcomes, stories }: Struck): void {
  const seen = outcomes.map(({ name, lost, failed, unexpected }) => ({ name, lost, failed, unexpected }));
  const wanted = seen.map(({ name }) => ({ name, lost: 0, failed: 0, unexpected: 0 }));
  assert.deepEqual(seen, wanted, `${whatSippSays(outcomes)}\n${stories}`);
}

/** Whoever lost a call was told so in bounded time, and who talked could end the call. */
export function assertToldInTime({ outcomes, stories }: Struck): void {
  const calls = outcomes.filter(({ places }) => places === "calls");
  const seen = calls.map(({ name, unanswered, unended }) => ({ name, unanswered, unended }));
  const wanted = seen.map(({ name }) => ({ name, unanswered: 0, unended: 0 }));
  assert.deepEqual(seen, wanted, `${whatSippSays(outcomes)}\n${stories}`);
}

function whatSippSays(outcomes: readonly Outcome[]): string {
  return outcomes.flatMap(({ name, errors }) => (errors === "" ? [] : [`${name}:\n${errors}`])).join("\n");
}
