import type { Table } from "./table.ts";

/** More calls than people read at once are counted, not listed. */
const LISTED = 100;

/** What `GET /state` shows: how much there is, and the calls that are being set up. */
export function liveState(table: Table, members: readonly string[], settingUp: number, asked: number, now: number) {
  const calls = [];
  for (const entry of table.entries()) {
    if (calls.length >= LISTED) break;
    const { request, answered, branches } = entry.context;
    if (!entry.isCall || answered !== 0 || request === undefined) continue;
    calls.push({
      callId: entry.callId,
      from: request.from.uri,
      to: request.to.uri,
      seconds: Math.round((now - entry.began) / 1000),
      targets: branches.map(({ target, state }) => ({ uri: target?.uri ?? "", state })),
    });
  }
  return {
    members,
    transactions: { server: table.servers, client: table.clients },
    callsInSetup: settingUp,
    waitingForOthers: asked,
    calls,
  };
}
