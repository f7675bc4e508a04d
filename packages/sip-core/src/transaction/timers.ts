/** The values of RFC 3261 table 4, in milliseconds. */
export interface TimerSettings {
  /** Round-trip estimate: the first retransmission interval. */
  readonly t1: number;
  /** The longest interval between retransmissions of non-INVITE requests and of responses to INVITE. */
  readonly t2: number;
  /** How long a message may live in the network. */
  readonly t4: number;
  /** How long an INVITE client absorbs retransmitted final responses over unreliable transports. At least 32 s. */
  readonly timerD: number;
  /** How long a proxied INVITE may go without a response (section 16.6 item 11). More than three minutes. */
  readonly timerC: number;
  /** After which an unanswered INVITE is answered 100 (section 17.2.1). */
  readonly trying: number;
}

/** The defaults of the RFC, with 100 after 200 ms and Timer C just above its three minutes. */
export const rfcTimers: TimerSettings = { t1: 500, t2: 4000, t4: 5000, timerD: 32_000, timerC: 181_000, trying: 200 };

/** 64·T1: how long anybody waits for an answer (timers B, F, H, J, L, M). */
export function transactionLife(timers: TimerSettings): number {
  return 64 * timers.t1;
}

/**
 * When a non-INVITE request that nobody answered is to be answered 100, and over unreliable transports no earlier: the
 * time that a client's Timer E takes to reach T2 (RFC 4320 section 4.1). 3.5 s with the values of RFC 3261.
 */
export function nonInviteTrying(timers: TimerSettings): number {
  let elapsed = 0;
  let interval = timers.t1;
  while (interval < timers.t2) {
    elapsed += interval;
    interval *= 2;
  }
  return elapsed;
}
