import type { EndPlan } from "./effects.ts";
import type { KeptEnd } from "./kept-session.ts";
import { Latch } from "./latch.ts";
import type { Ports } from "./ports.ts";
import { Receiver } from "./receiver.ts";
import type { Lane } from "./relay-port.ts";
import type { Side } from "./session.ts";

interface End {
  readonly receiver: Receiver;
  readonly rtp: Lane;
  readonly rtcp: Lane;
  held: boolean;
}

type Ends = Readonly<Record<Side, EndPlan>>;
const sides: readonly Side[] = ["caller", "callee"];

/** One relayed stream of one leg: two peers, RTP and RTCP. */
export class Bridge {
  readonly #ports: Ports;
  readonly #anybody: boolean;
  readonly #learnt: () => void;
  readonly #ends: Readonly<Record<Side, End>>;

  /** @param learnt told when it has learnt where a peer is */
  constructor(ports: Ports, plans: Ends, anybody: boolean, learnt: () => void) {
    this.#ports = ports;
    this.#anybody = anybody;
    this.#learnt = learnt;
    this.#ends = { caller: this.#newEnd(plans.caller), callee: this.#newEnd(plans.callee) };
    for (const kind of ["rtp", "rtcp"] as const) {
      this.#ends.caller[kind].other = this.#ends.callee[kind];
      this.#ends.callee[kind].other = this.#ends.caller[kind];
    }
    this.agree(plans);
  }

  #newEnd(plan: EndPlan): End {
    const receiver = new Receiver();
    const open = this.#ports.of(plan.pair);
    const lane = (kind: "rtp" | "rtcp"): Lane => {
      const made = { kind, latch: new Latch(this.#learnt), receiver, port: open[kind], mux: false } as Omit<
        Lane,
        "other"
      > as Lane;
      open[kind].lanes.push(made);
      return made;
    };
    return { receiver, rtp: lane("rtp"), rtcp: lane("rtcp"), held: false };
  }

  /** An exchange was completed: takes up new ports and places, and learns its peers anew. */
  agree(plans: Ends): void {
    const mux = plans.caller.stream.mux && plans.callee.stream.mux;
    for (const side of sides) {
      const { pair, stream, source } = plans[side];
      const end = this.#ends[side];
      const open = this.#ports.of(pair);
      for (const kind of ["rtp", "rtcp"] as const) {
        const lane = end[kind];
        if (lane.port !== open[kind]) {
          lane.port.remove(lane);
          lane.port = open[kind];
          open[kind].lanes.push(lane);
        }
        lane.mux = mux;
        const rtcp = mux ? undefined : stream.rtcp;
        const described = kind === "rtp" ? stream.media : rtcp;
        const given = described && this.#ports.comesBack(lane, described) ? undefined : described;
        lane.latch.expect({ given, source, anybody: this.#anybody });
      }
      end.receiver.expect(stream);
      end.held = stream.held;
    }
  }

  /** What another process needs to go on. */
  get kept(): Readonly<Record<Side, KeptEnd>> {
    const keep = ({ receiver, rtp, rtcp }: End): KeptEnd => ({
      rtp: rtp.latch.kept,
      rtcp: rtcp.latch.kept,
      packets: receiver.packets,
      octets: receiver.octets,
      lost: receiver.lost,
    });
    return { caller: keep(this.#ends.caller), callee: keep(this.#ends.callee) };
  }

  /** Goes on where another process ended. */
  takeUp(kept: Readonly<Record<Side, KeptEnd>>): void {
    for (const side of sides) {
      const { receiver, rtp, rtcp } = this.#ends[side];
      receiver.takeUp(kept[side]);
      rtp.latch.takeUp(kept[side].rtp);
      rtcp.latch.takeUp(kept[side].rtcp);
    }
  }

  end(): void {
    for (const side of sides) {
      for (const lane of [this.#ends[side].rtp, this.#ends[side].rtcp]) lane.port.remove(lane);
    }
  }

  /** What was received from one side. */
  received(side: Side): { readonly receiver: Receiver; readonly held: boolean; readonly learnt: string | undefined } {
    const { receiver, held, rtp } = this.#ends[side];
    return { receiver, held, learnt: rtp.latch.locked ? `${rtp.latch.address}:${rtp.latch.port}` : undefined };
  }

  /** Packets received from the side that sent more of them. */
  get packets(): number {
    const { caller, callee } = this.#ends;
    return Math.max(caller.receiver.packets, callee.receiver.packets);
  }

  /** When the last packet came from either side; undefined before the first. */
  get lastPacket(): number | undefined {
    const { caller, callee } = this.#ends;
    const last = Math.max(caller.receiver.lastPacket ?? 0, callee.receiver.lastPacket ?? 0);
    return last === 0 ? undefined : last;
  }
}
