import type { ServiceRecord } from "@sipmesh/transport";

/**
 * The order in which servers are tried (RFC 2782): by priority, and among equals by chance in proportion to their weight.
 * @param draw a whole number from 0 to `below` − 1
 */
export function orderServers(records: readonly ServiceRecord[], draw: (below: number) => number): ServiceRecord[] {
  const ordered: ServiceRecord[] = [];
  const priorities = [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b);
  for (const priority of priorities) {
    // Weight 0 first, so that it has a small chance and not none.
    const waiting = records.filter((record) => record.priority === priority).sort((a, b) => a.weight - b.weight);
    while (waiting.length > 0) {
      const chosen = draw(waiting.reduce((sum, record) => sum + record.weight, 0) + 1);
      let sum = 0;
      const index = waiting.findIndex((record) => {
        sum += record.weight;
        return sum >= chosen;
      });
      ordered.push(...waiting.splice(index, 1));
    }
  }
  return ordered;
}
