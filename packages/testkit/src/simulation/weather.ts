/** What the network does to messages between two hosts. */
export interface Weather {
  /** Share of datagrams that are lost. */
  readonly loss: number;
  /** Share of datagrams that come twice. */
  readonly duplication: number;
  /** Milliseconds of delay, from the least to the most; each datagram has its own, so that they overtake each other. */
  readonly delay: readonly [least: number, most: number];
}

export const fair: Weather = { loss: 0, duplication: 0, delay: [1, 5] };
export const rough: Weather = { loss: 0.1, duplication: 0.05, delay: [1, 120] };
export const stormy: Weather = { loss: 0.3, duplication: 0.1, delay: [1, 700] };
