// `npm run bench`: sipmesh beside the servers that people would otherwise pick, on this machine, in one run.
import { parseArgs } from "node:util";
import { missing } from "@sipmesh/drivers";
import { addedDelay, type Delay } from "./added-delay.ts";
import { highestRate } from "./highest-rate.ts";
import { inTurn, medians, type Start } from "./in-turn.ts";
import { startKamailio } from "./kamailio.ts";
import { callLoad, type Measured, registerLoad } from "./load.ts";
import type { Peer } from "./peer.ts";
import { relayLoad } from "./relay.ts";
import { startRtpengine } from "./rtpengine.ts";
import { startSipmesh, startSipmeshRelay } from "./sipmesh.ts";
import { costRow, type Row, table, targetOf } from "./table.ts";

const NAMES = "call,call-split,register,register-digest,rtp,highest-rate,delay,growth";

const HELP = `npm run bench -- [options]

Drives the same SIPp scenarios at the same rates against Kamailio and sipmesh in turn, and RTP against rtpengine and
sipmesh, and prints the CPU time of all server processes (nats-server included) per call, REGISTER and packet: the median
of the runs, and the ratio to the peer. Then the highest rate that each carries, the delay that each adds to an INVITE,
and what a call costs on one, two and eight transaction processes.

  --only NAMES      of: ${NAMES.replaceAll(",", ", ")}
                    (default: all)
  --runs N          runs of each; the median counts (default 3)
  --seconds N       length of each run (default 8)
  --call-rate N     calls per second (default 4000)
  --register-rate N REGISTER per second (default 10000)
  --packet-rate N   RTP packets per second (default 50000)
  --delay-rate N    calls per second while the delay is measured (default 1000)
  --growth-rate N   calls per second on one, two and eight transaction processes (default 300)
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: NAMES },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "8" },
    "call-rate": { type: "string", default: "4000" },
    "register-rate": { type: "string", default: "10000" },
    "packet-rate": { type: "string", default: "50000" },
    "delay-rate": { type: "string", default: "1000" },
    "growth-rate": { type: "string", default: "300" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const seconds = Number(values.seconds);
const runs = Number(values.runs);
const callRate = Number(values["call-rate"]);
const registerRate = Number(values["register-rate"]);
const packetRate = Number(values["packet-rate"]);
const delayRate = Number(values["delay-rate"]);
const growthRate = Number(values["growth-rate"]);

/** Each of eight processes has to have seen some thousand calls, or what is measured is V8's compiler. */
const GROWTH_WARM_UP = { rate: 1000, calls: 30_000 };

/** Something to be measured, which becomes a row. */
interface Work {
  readonly name: string;
  readonly needs: readonly string[];
  /** @param name as it stands here */
  readonly row: (name: string) => Promise<Row>;
}

const kamailio: Start<Peer> = () => startKamailio({ digest: false });
const inOne: Start<Peer> = () => startSipmesh({ shape: "all", digest: false });
const split: Start<Peer> = () => startSipmesh({ shape: "split", digest: false });

const all: readonly Work[] = [
  {
    name: "call",
    needs: ["kamailio", "sipp"],
    row: (name) => cost(name, `proxied call @${callRate}/s, all`, 1.0, [kamailio, inOne], calls),
  },
  {
    name: "call-split",
    needs: ["kamailio", "sipp", "nats-server"],
    row: (name) => cost(name, `proxied call @${callRate}/s, split`, 3.0, [kamailio, split], calls),
  },
  {
    name: "register",
    needs: ["kamailio", "sipp"],
    row: (name) => cost(name, `REGISTER @${registerRate}/s, all`, 1.2, [kamailio, inOne], registrations(false)),
  },
  {
    name: "register-digest",
    needs: ["kamailio", "sipp"],
    row: (name) =>
      cost(
        name,
        `REGISTER with digest @${registerRate}/s, all`,
        1.5,
        [() => startKamailio({ digest: true }), () => startSipmesh({ shape: "all", digest: true })],
        registrations(true),
      ),
  },
  {
    name: "rtp",
    needs: ["rtpengine"],
    row: (name) =>
      cost(name, `RTP packet @${packetRate} pps`, 1.5, [startRtpengine, startSipmeshRelay], (peer) =>
        relayLoad(peer, packetRate, seconds),
      ),
  },
  { name: "highest-rate", needs: ["kamailio", "sipp"], row: highest },
  { name: "delay", needs: ["kamailio", "sipp", "nats-server", "tshark"], row: delay },
  { name: "growth", needs: ["sipp", "nats-server"], row: growth },
];

const rows: Row[] = [];
for (const { name, needs, row } of all) {
  if (!values.only.split(",").includes(name)) continue;
  const absent = missing(...needs);
  if (absent === false) {
    rows.push(await row(name));
  } else {
    process.stderr.write(`${name}: ${absent}\n`);
    process.exitCode = 69;
  }
}
process.stdout.write(`\n${table(rows)}`);

function calls(peer: Peer): Promise<Measured> {
  return callLoad(peer, callRate, seconds);
}

function registrations(digest: boolean): (peer: Peer) => Promise<Measured> {
  return (peer) => registerLoad(peer, registerRate, seconds, digest);
}

/** What work costs the peer and us. */
async function cost<P extends Peer>(
  name: string,
  work: string,
  first: number,
  starts: readonly [Start<P>, Start<P>],
  load: (peer: P) => Promise<Measured>,
): Promise<Row> {
  const [them, us] = medians(await inTurn(name, runs, starts, load, told), byCost) as [Measured, Measured];
  return costRow(work, them, us, first);
}

/** The highest rate without a failed call, and next to no retransmissions. */
async function highest(name: string): Promise<Row> {
  const load = (peer: Peer) => highestRate(peer, seconds);
  const results = await inTurn(name, runs, [kamailio, inOne], load, (rate) => `${rate} calls/s`);
  const [them, us] = medians(results, (rate) => rate) as [number, number];
  return {
    work: "highest clean rate of calls, all",
    them: `${them}/s`,
    us: `${us}/s`,
    ratio: (us / them).toFixed(2),
    target: targetOf("≥", 0.8, us >= 0.8 * them),
  };
}

/** What the platform adds to the time that an INVITE takes. */
async function delay(name: string): Promise<Row> {
  const load = (peer: Peer) => addedDelay(peer, delayRate, seconds);
  const shown = ({ median, p99 }: Delay) => `${median.toFixed(2)} / ${p99.toFixed(2)} ms`;
  const results = await inTurn(name, runs, [kamailio, split], load, shown);
  const [them, us] = medians(results, ({ p99 }) => p99) as [Delay, Delay];
  return {
    work: `delay added to an INVITE @${delayRate}/s, split (median / p99)`,
    them: shown(them),
    us: shown(us),
    ratio: (us.p99 / them.p99).toFixed(2),
    target: targetOf("≤", 10, us.p99 <= 10, " ms"),
  };
}

/** What a call costs where more transaction processes share the same work; the peer is ourselves with one. */
async function growth(name: string): Promise<Row> {
  const on = (transaction: number) => () => startSipmesh({ shape: "split", digest: false, copies: { transaction } });
  const load = (peer: Peer) => callLoad(peer, growthRate, seconds, GROWTH_WARM_UP);
  const results = await inTurn(name, runs, [on(1), on(2), on(8)], load, told);
  const [one, two, eight] = medians(results, byCost) as [Measured, Measured, Measured];
  const row = costRow(`call @${growthRate}/s, 1 → 8 transaction processes`, one, eight, 1.2);
  return { ...row, us: `${row.us} (on two: ${two.microseconds.toFixed(1)})` };
}

function told({ microseconds, done, failed, retransmissions }: Measured): string {
  return `${microseconds.toFixed(1)} µs, ${done} done, ${failed} failed, ${retransmissions} retransmitted`;
}

function byCost({ microseconds }: Measured): number {
  return microseconds;
}
