import type { Clock, Timer } from "@sipmesh/environment";
import type { Call, CallOptions, Client, Handlers, Rpc } from "@sipmesh/rpc";
import type { ConnectionHandlers, Network } from "@sipmesh/transport";

/**
 * A process's share of a processor, as a clock. While it sleeps (frozen, or starved by others) nothing of it runs; when it
 * wakes it finds, as an event loop does, first the timers that have fallen due and then all that has come, in order.
 */
export class Attention implements Clock {
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #asleep = false;
  #due: (() => void)[] = [];
  #came: (() => void)[] = [];

  constructor(clock: Clock, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#failed = failed;
  }

  now(): number {
    return this.#clock.now();
  }

  after(ms: number, run: () => void): Timer {
    let cancelled = false;
    const due = (): void => {
      if (!cancelled) run();
    };
    const timer = this.#clock.after(ms, () => {
      if (this.#asleep) this.#due.push(due);
      else due();
    });
    return {
      cancel() {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  /** Something comes from outside. */
  take(run: () => void): void {
    if (this.#asleep) this.#came.push(run);
    else run();
  }

  /** Resolves when it is awake. */
  awake(): Promise<void> {
    return new Promise((resolve) => this.take(resolve));
  }

  sleep(): void {
    this.#asleep = true;
  }

  wake(): void {
    if (!this.#asleep) return;
    this.#asleep = false;
    const [due, came] = [this.#due, this.#came];
    this.#due = [];
    this.#came = [];
    for (const run of [...due, ...came]) {
      try {
        run();
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Calls: what is asked of it waits, and so does what it is answered. */
  rpc(rpc: Rpc): Rpc {
    return {
      serve: <D extends object>(definition: D, handlers: Handlers<D>) => {
        const late = Object.entries(handlers as Record<string, (request: unknown, call: Call) => unknown>).map(
          ([name, handle]) => [
            name,
            async (request: unknown, call: Call) => {
              await this.awake();
              return await handle(request, call);
            },
          ],
        );
        return rpc.serve(definition, Object.fromEntries(late) as Handlers<D>);
      },
      client: <D extends object>(service: string, definition: D) => {
        const methods = rpc.client(service, definition) as Record<
          string,
          (request: unknown, options: CallOptions) => Promise<unknown>
        >;
        const late = Object.entries(methods).map(([name, ask]) => [
          name,
          (request: unknown, options: CallOptions) => ask(request, options).finally(() => this.awake()),
        ]);
        return Object.fromEntries(late) as Client<D>;
      },
      close: () => rpc.close(),
    };
  }

  /** Sockets: the system goes on taking what comes, and keeps it. */
  network(network: Network): Network {
    const late = (handlers: () => ConnectionHandlers | undefined): ConnectionHandlers => ({
      opened: () => this.take(() => handlers()?.opened?.()),
      received: (bytes) => this.take(() => handlers()?.received(bytes)),
      closed: (error) => this.take(() => handlers()?.closed(error)),
    });
    return {
      ...network,
      udp: (options) =>
        network.udp({
          ...options,
          receive: (bytes, from) => this.take(() => options.receive(bytes, from)),
        }),
      listen: (options) =>
        network.listen({
          ...options,
          accepted: (connection) => {
            let accepted: ConnectionHandlers | undefined;
            this.take(() => {
              accepted = options.accepted(connection);
            });
            return late(() => accepted);
          },
        }),
      connect: (options, handlers) =>
        network.connect(
          options,
          late(() => handlers),
        ),
    };
  }
}
