import type { Cluster } from "@sipmesh/cluster";
import type { Clock } from "@sipmesh/environment";
import type { Handover } from "./handover.ts";

/** Milliseconds until the others have taken us off the list. */
const UNLISTED = 2000;
/** Milliseconds that handing over may take. */
const HANDED_OVER = 2000;
/** Milliseconds for which messages of who has not heard of it yet are passed on. */
const PASS_ON = 500;

/** Goes without waiting for calls to end: each goes on at the member that owns it by the list without us. */
export async function leave(
  cluster: Cluster,
  handover: Handover,
  clock: Clock,
  members: readonly string[],
): Promise<void> {
  const listed = () => cluster.membership.members.some(({ id }) => members.includes(id));
  // Who is alone has nobody to hand anything to.
  const others = cluster.membership.members.some(({ id }) => !members.includes(id));
  if (!listed() || !others) return;
  cluster.announce({ members: [] });
  await new Promise<void>((resolve) => {
    const done = () => {
      subscription.close();
      bound.cancel();
      resolve();
    };
    const bound = clock.after(UNLISTED, done);
    const subscription = cluster.onChange(() => {
      if (!listed()) done();
    });
    if (!listed()) done();
  });
  await handover.handedOver(HANDED_OVER);
  await new Promise<void>((resolve) => void clock.after(PASS_ON, resolve));
}
