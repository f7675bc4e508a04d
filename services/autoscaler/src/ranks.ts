import type { InstanceLoad, Volume } from "./volume.ts";

/**
 * What `controller.kubernetes.io/pod-deletion-cost` is to say, by pod: of the pods of a Deployment the one with the
 * lowest cost goes first. Twice the work is one rank more, so that ranks change seldom where work is spread evenly.
 */
export function ranksOf(volumes: readonly Volume[]): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const volume of volumes) {
    if (!volume.known) continue;
    for (const load of volume.instances) {
      if (load.pod !== undefined) ranks.set(load.pod, Math.max(ranks.get(load.pod) ?? 0, rankOf(load)));
    }
  }
  return ranks;
}

function rankOf({ inProgress, perSecond }: InstanceLoad): number {
  return Math.round(Math.log2(1 + (inProgress ?? perSecond)));
}
