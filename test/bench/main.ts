// `npm run bench`: sipmesh beside the servers that people would otherwise pick, on this machine, in one run.
import { parseArgs } from "node:util";
import { missing } from "@sipmesh/drivers";
import { startKamailio } from "./kamailio.ts";
import { callLoad, type Measured, registerLoad } from "./load.ts";
import type { Peer } from "./peer.ts";
import { type RelayPeer, relayLoad } from "./relay.ts";
import { startRtpengine } from "./rtpengine.ts";
import { startSipmesh, startSipmeshRelay } from "./sipmesh.ts";
import { type Row, table } from "./table.ts";

const HELP = `npm run bench -- [options]

Drives the same SIPp scenarios at the same rates against Kamailio and sipmesh in turn, and RTP against rtpengine and
sipmesh, and prints the CPU time of all server processes (nats-server included) per call, REGISTER and packet: the median
of the runs, and the ratio to the peer.

  --only NAMES      of: call, call-split, register, register-digest, rtp (default: all)
  --runs N          runs of each; the median counts (default 3)
  --seconds N       length of each run (default 8)
  --call-rate N     calls per second (default 4000)
  --register-rate N REGISTER per second (default 10000)
  --packet-rate N   RTP packets per second (default 50000)
`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "call,call-split,register,register-digest,rtp" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "8" },
    "call-rate": { type: "string", default: "4000" },
    "register-rate": { type: "string", default: "10000" },
    "packet-rate": { type: "string", default: "50000" },
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

interface Comparison<P extends Peer> {
  readonly name: string;
  readonly unit: string;
  /** The ratio to the peer that we want to reach first. */
  readonly first: number;
  readonly needs: readonly string[];
  readonly them: () => Promise<P>;
  readonly us: () => Promise<P>;
  readonly load: (peer: P) => Promise<Measured>;
}

/** A comparison whose kind of peer is settled. */
interface Work {
  readonly name: string;
  readonly needs: readonly string[];
  compare(): Promise<Row>;
}

function work<P extends Peer>(comparison: Comparison<P>): Work {
  return { name: comparison.name, needs: comparison.needs, compare: () => compare(comparison) };
}

const comparisons: readonly Work[] = [
  work<Peer>({
    name: "call",
    unit: `proxied call @${callRate}/s, all`,
    first: 1.0,
    needs: ["kamailio", "sipp"],
    them: () => startKamailio({ digest: false }),
    us: () => startSipmesh({ shape: "all", digest: false }),
    load: (peer) => callLoad(peer, callRate, seconds),
  }),
  work<Peer>({
    name: "call-split",
    unit: `proxied call @${callRate}/s, split`,
    first: 3.0,
    needs: ["kamailio", "sipp", "nats-server"],
    them: () => startKamailio({ digest: false }),
    us: () => startSipmesh({ shape: "split", digest: false }),
    load: (peer) => callLoad(peer, callRate, seconds),
  }),
  work<Peer>({
    name: "register",
    unit: `REGISTER @${registerRate}/s, all`,
    first: 1.2,
    needs: ["kamailio", "sipp"],
    them: () => startKamailio({ digest: false }),
    us: () => startSipmesh({ shape: "all", digest: false }),
    load: (peer) => registerLoad(peer, registerRate, seconds, false),
  }),
  work<Peer>({
    name: "register-digest",
    unit: `REGISTER with digest @${registerRate}/s, all`,
    first: 1.5,
    needs: ["kamailio", "sipp"],
    them: () => startKamailio({ digest: true }),
    us: () => startSipmesh({ shape: "all", digest: true }),
    load: (peer) => registerLoad(peer, registerRate, seconds, true),
  }),
  work<RelayPeer>({
    name: "rtp",
    unit: `RTP packet @${packetRate} pps`,
    first: 1.5,
    needs: ["rtpengine"],
    them: startRtpengine,
    us: startSipmeshRelay,
    load: (peer) => relayLoad(peer, packetRate, seconds),
  }),
];

const rows: Row[] = [];
for (const comparison of comparisons) {
  if (!values.only.split(",").includes(comparison.name)) continue;
  const absent = missing(...comparison.needs);
  if (absent !== false) {
    process.stderr.write(`${comparison.name}: ${absent}\n`);
    process.exitCode = 69;
    continue;
  }
  rows.push(await comparison.compare());
}
process.stdout.write(`\n${table(rows)}`);

async function compare<P extends Peer>(comparison: Comparison<P>): Promise<Row> {
  const them: Measured[] = [];
  const us: Measured[] = [];
  // In turn, so that a noisy neighbour troubles both.
  for (let run = 1; run <= runs; run += 1) {
    them.push(await one(comparison, comparison.them, run));
    us.push(await one(comparison, comparison.us, run));
  }
  return { unit: comparison.unit, first: comparison.first, them: median(them), us: median(us) };
}

async function one<P extends Peer>(comparison: Comparison<P>, start: () => Promise<P>, run: number): Promise<Measured> {
  const peer = await start();
  try {
    const measured = await comparison.load(peer);
    process.stderr.write(
      `${comparison.name} ${run}/${runs} ${peer.name}: ${measured.microseconds.toFixed(1)} µs, ${measured.done} done, ` +
        `${measured.failed} failed, ${measured.retransmissions} retransmitted\n`,
    );
    return measured;
  } finally {
    await peer.stop();
  }
}

function median(measured: readonly Measured[]): Measured {
  const sorted = [...measured].sort((a, b) => a.microseconds - b.microseconds);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("--runs must be at least 1");
  return middle;
}
