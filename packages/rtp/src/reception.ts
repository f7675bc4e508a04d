const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const MIN_SEQUENTIAL = 2;
const SEQUENCE_MODULO = 65_536;
/** A value that no sequence number has. */
const NO_SEQUENCE = SEQUENCE_MODULO + 1;

/** What was received of one source, as it stands in a reception report block (RFC 3550 §6.4.1). */
export interface ReceptionReport {
  readonly packets: number;
  /** Payload and headers of RTP, without UDP and IP. */
  readonly octets: number;
  /** Highest sequence number with the count of its cycles above it. */
  readonly extendedHighest: number;
  /** Packets that were expected and never came; negative where packets came twice. */
  readonly lost: number;
  /** Lost packets since the report before, in 1/256. */
  readonly fractionLost: number;
  /** Interarrival jitter in timestamp units. */
  readonly jitter: number;
}

/**
 * Reception statistics of one synchronisation source: RFC 3550 appendix A.1 (sequence numbers, with their restarts and
 * probation), A.3 (loss) and A.8 (jitter). It counts in place, so that a packet costs no allocation.
 */
export class Reception {
  readonly ssrc: number;
  readonly #clockRate: number;
  #maxSequence: number;
  #cycles = 0;
  #baseSequence: number;
  #badSequence = NO_SEQUENCE;
  #probation: number;
  #received = 0;
  #octets = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #transit = 0;
  #jitter = 0;
  #measured = false;

  /**
   * @param clockRate Hz of the RTP timestamp
   * @param probation packets in sequence that make a source valid (A.1); 0 where signalling already vouches for it
   */
  constructor(ssrc: number, sequenceNumber: number, clockRate: number, probation = MIN_SEQUENTIAL) {
    this.ssrc = ssrc;
    this.#clockRate = clockRate;
    this.#maxSequence = (sequenceNumber + SEQUENCE_MODULO - 1) % SEQUENCE_MODULO;
    this.#baseSequence = sequenceNumber;
    this.#probation = probation;
    if (probation === 0) this.#restart(sequenceNumber);
  }

  /**
   * False while a source is on probation, and for a packet far out of sequence: such packets are not counted.
   *
   * @param arrival milliseconds
   * @param paced false for packets whose timestamp does not tell when they were sent, such as telephone events
   */
  receive(sequenceNumber: number, timestamp: number, arrival: number, octets: number, paced = true): boolean {
    if (!this.#inSequence(sequenceNumber)) return false;
    this.#octets += octets;
    if (paced) this.#interarrival(timestamp, arrival);
    return true;
  }

  #restart(sequenceNumber: number): void {
    this.#baseSequence = sequenceNumber;
    this.#maxSequence = sequenceNumber;
    this.#badSequence = NO_SEQUENCE;
    this.#cycles = 0;
    this.#received = 0;
    this.#octets = 0;
    this.#receivedPrior = 0;
    this.#expectedPrior = 0;
  }

  /** RFC 3550 A.1 `update_seq`. */
  #inSequence(sequenceNumber: number): boolean {
    if (this.#probation > 0) {
      if (sequenceNumber === (this.#maxSequence + 1) % SEQUENCE_MODULO) {
        this.#probation--;
        this.#maxSequence = sequenceNumber;
        if (this.#probation === 0) {
          this.#restart(sequenceNumber);
          this.#received++;
          return true;
        }
      } else {
        this.#probation = MIN_SEQUENTIAL - 1;
        this.#maxSequence = sequenceNumber;
      }
      return false;
    }
    const delta = (sequenceNumber - this.#maxSequence + SEQUENCE_MODULO) % SEQUENCE_MODULO;
    if (delta < MAX_DROPOUT) {
      if (sequenceNumber < this.#maxSequence) this.#cycles += SEQUENCE_MODULO;
      this.#maxSequence = sequenceNumber;
    } else if (delta <= SEQUENCE_MODULO - MAX_MISORDER) {
      // A very large jump: two packets in sequence after it mean that the sender restarted.
      if (sequenceNumber !== this.#badSequence) {
        this.#badSequence = (sequenceNumber + 1) % SEQUENCE_MODULO;
        return false;
      }
      this.#restart(sequenceNumber);
      this.#measured = false;
    }
    this.#received++;
    return true;
  }

  /** RFC 3550 A.8, in floating point. `arrival` is in milliseconds. */
  #interarrival(timestamp: number, arrival: number): void {
    const transit = (arrival * this.#clockRate) / 1000 - timestamp;
    if (this.#measured) {
      // The timestamp wraps: the difference is taken modulo 2³², nearest to zero.
      const apart = transit - this.#transit;
      const difference = Math.abs(apart - 4_294_967_296 * Math.round(apart / 4_294_967_296));
      this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#measured = true;
    this.#transit = transit;
  }

  get packets(): number {
    return this.#received;
  }

  /** A.3. */
  get expected(): number {
    return this.#received === 0 ? 0 : this.#cycles + this.#maxSequence - this.#baseSequence + 1;
  }

  /** Milliseconds. */
  get jitterMilliseconds(): number {
    return (this.#jitter * 1000) / this.#clockRate;
  }

  /** Where things stand; the fraction of loss still counts from the last `report`. */
  peek(): ReceptionReport {
    const expected = this.expected;
    const expectedSince = expected - this.#expectedPrior;
    const lostSince = expectedSince - (this.#received - this.#receivedPrior);
    return {
      packets: this.#received,
      octets: this.#octets,
      extendedHighest: (this.#cycles + this.#maxSequence) >>> 0,
      lost: expected - this.#received,
      fractionLost: expectedSince <= 0 || lostSince <= 0 ? 0 : Math.floor((lostSince * 256) / expectedSince),
      jitter: Math.floor(this.#jitter),
    };
  }

  /** What goes into the next reception report block; the fraction of loss starts anew. */
  report(): ReceptionReport {
    const report = this.peek();
    this.#expectedPrior = this.expected;
    this.#receivedPrior = this.#received;
    return report;
  }
}
