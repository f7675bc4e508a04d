import type { World } from "@sipmesh/testkit/simulation";
import { type IncomingCall, type OutgoingCall, UserAgent } from "@sipmesh/user-agent";
import type { CallPlan, MessagePlan, PhonePlan } from "./plan.ts";
import { DOMAIN, PASSWORD } from "./platform.ts";

/** Milliseconds after which a registration that failed is tried again. */
const RETRY = 4000;
/** How long a held call stays held. */
const HELD = 2000;

/** A call that a phone placed, and what became of it. */
export interface Placed {
  readonly plan: CallPlan;
  call?: OutgoingCall;
  established: boolean;
  held: boolean;
}

/** A phone that lives by its plan. */
export class Phone {
  readonly plan: PhonePlan;
  readonly placed: Placed[] = [];
  readonly #world: World;
  readonly #agent: UserAgent;
  #alive = true;
  #leaving = false;
  /** The registrar said that it is registered, and it did nothing about it since. */
  confirmed = false;

  private constructor(world: World, plan: PhonePlan, agent: UserAgent) {
    this.#world = world;
    this.plan = plan;
    this.#agent = agent;
    agent.onCall((call) => this.#called(call));
  }

  static async start(world: World, plan: PhonePlan, server: { address: string; port: number }): Promise<Phone> {
    const agent = await UserAgent.start(
      {
        addressOfRecord: `sip:${plan.user}@${DOMAIN}`,
        secret: { username: plan.user, password: PASSWORD },
        server,
        transport: plan.transport,
        tone: false,
        keepAlive: 0,
        // Nobody is to be busy: what is refused is refused by habit.
        mostCalls: 32,
      },
      {
        clock: world.clock,
        random: world.random.fork(plan.name),
        network: world.internet.host(plan.address),
        report: (error) => world.errors.push(error),
      },
    );
    return new Phone(world, plan, agent);
  }

  /** Sets the alarms of its life. */
  live(at: (time: number, act: () => void) => void): void {
    const { registersAt, leavesAt, diesAt } = this.plan;
    at(registersAt, () => this.#register());
    if (leavesAt !== undefined) {
      at(leavesAt, () => {
        this.#leaving = true;
        this.confirmed = false;
        if (this.#alive) this.#agent.unregister().catch(() => {});
      });
    }
    if (diesAt !== undefined) at(diesAt, () => this.#guard(this.close()));
  }

  place(plan: CallPlan): void {
    if (!this.#alive) return;
    const placed: Placed = { plan, established: false, held: false };
    this.placed.push(placed);
    this.#guard(this.#converse(placed));
  }

  send({ method, to }: MessagePlan): void {
    if (this.#alive) this.#guard(this.#agent.request(method, to));
  }

  hangUpAll(): void {
    for (const call of this.#agent.calls) call.hangUp();
  }

  async close(): Promise<void> {
    this.#alive = false;
    await this.#agent.close();
  }

  #register(): void {
    if (!this.#alive || this.#leaving) return;
    this.#agent.register().then(
      () => {
        this.confirmed = !this.#leaving;
      },
      () => this.#world.clock.after(RETRY, () => this.#register()),
    );
  }

  async #converse(placed: Placed): Promise<void> {
    const { to, offerless, cancelsAfter, talks, holdsAfter } = placed.plan;
    const call = await this.#agent.call(to, { offerless });
    placed.call = call;
    if (cancelsAfter !== undefined) this.#world.clock.after(cancelsAfter, () => call.hangUp());
    placed.established = await call.established;
    if (!placed.established) return;
    if (holdsAfter !== undefined) {
      await this.#wait(holdsAfter);
      placed.held = await call.hold(true);
      await this.#wait(HELD);
      await call.hold(false);
    }
    await this.#wait(talks);
    call.hangUp();
  }

  #called(call: IncomingCall): void {
    const { ringsAfter, then, after, status, talks } = this.plan.habit;
    const { clock } = this.#world;
    clock.after(ringsAfter, () => {
      call.ring();
      clock.after(after, () => {
        if (then === "refuse") call.reject(status);
        if (then !== "answer" || !call.answer() || talks === undefined) return;
        clock.after(talks, () => call.hangUp());
      });
    });
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#world.clock.after(milliseconds, resolve));
  }

  #guard(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#world.errors.push(error));
  }
}
