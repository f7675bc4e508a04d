import type { Bus, BusObserver, Closer, DropReason, Envelope } from "./bus.ts";
import { Listeners } from "./listeners.ts";
import { LocalDelivery } from "./local-delivery.ts";
import { reportFailure } from "./report-failure.ts";

/** The bus of a process that stands alone. What nobody here subscribes to is dropped and counted. */
export function memoryBus(observer?: BusObserver): Bus {
  const local = new LocalDelivery(observer);
  const signals = new Map<string, Listeners<[Uint8Array]>>();
  const drops = new Listeners<[string, Envelope, DropReason]>(observer);
  let closed = false;

  return {
    publish(subject, envelope) {
      if (closed) return;
      if (local.deliver(subject, envelope)) {
        observer?.published(1, "local");
        return;
      }
      observer?.dropped(1, "away");
      drops.call(subject, envelope, "away");
      reportFailure(envelope, "away", (to, failure) => void local.deliver(to, failure));
    },
    subscribe: (subject, receive) => local.subscribe(subject, receive),
    signal(subject, payload) {
      if (!closed) signals.get(subject)?.call(payload);
    },
    listen(subject, receive): Closer {
      let listeners = signals.get(subject);
      if (listeners === undefined) {
        listeners = new Listeners(observer);
        signals.set(subject, listeners);
      }
      return listeners.add(receive);
    },
    onDrop: (run) => drops.add(run),
    state: "connected",
    silence: 0,
    async close() {
      closed = true;
      local.clear();
      signals.clear();
      drops.clear();
    },
  };
}
