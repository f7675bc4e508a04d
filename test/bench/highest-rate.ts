import { Calls, WARM_UP } from "./load.ts";
import type { Peer } from "./peer.ts";

/** Calls a second to begin with, and how much more at each step. */
const FIRST = 2000;
const STEP = 1.06;
/** Of so many calls one may have been repeated. */
const RETRANSMITTED = 1000;
/** A step that fails is tried again: a neighbour on the machine may have had its turn. */
const TRIES = 2;

/** The highest rate at which no call fails and less than a thousandth of the calls has a retransmission. */
export async function highestRate(peer: Peer, seconds: number): Promise<number> {
  const calls = await Calls.to(peer);
  try {
    await calls.run(FIRST, WARM_UP);
    let clean = 0;
    for (let rate = FIRST; ; rate = Math.round(rate * STEP)) {
      if (!(await isClean(calls, rate, seconds))) return clean;
      clean = rate;
    }
  } finally {
    await calls.end();
  }
}

async function isClean(calls: Calls, rate: number, seconds: number): Promise<boolean> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const offered = rate * seconds;
    const { successful, retransmissions } = await calls.run(rate, offered);
    if (successful === offered && retransmissions * RETRANSMITTED < offered) return true;
  }
  return false;
}
