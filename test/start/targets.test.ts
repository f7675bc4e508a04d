import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { missing, Nats } from "@sipmesh/drivers";
import { callWithAudio, phones } from "./phones.ts";
import { newFolder, Running } from "./sipmesh.ts";

const ALICE = { user: "alice", password: "secret-of-alice" };
const BOB = { user: "bob", password: "secret-of-bob" };

/** Calls made, by service and route: "location direct". */
async function routes(process: Running): Promise<Set<string>> {
  const made = await process.metric("sipmesh_rpc_calls_total");
  return new Set(
    [...made.keys()].map((labels) => {
      const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? "";
      return `${label("method")
        .replace(/^\/?sipmesh\.v1\./, "")
        .split(/[./]/)[0]
        ?.toLowerCase()} ${label("route")}`;
    }),
  );
}

describe("Targets that share a process", { skip: missing("nats-server") }, () => {
  const phone = phones();

  for (const sets of [
    ["edge,transaction", "location,routing,directory,media"],
    ["edge,media", "transaction,routing,location", "directory"],
  ]) {
    it(`${sets.join(" beside ")}: a call, and nobody in the same process is asked over the network`, async () => {
      const folder = newFolder();
      const nats = await Nats.start();
      const domains = [{ name: "sipmesh.test", ownAddresses: true, subscribers: [ALICE, BOB] }];
      const config = { nats: { servers: [nats.url] }, directory: { domains } };
      const processes = await Promise.all(
        sets.map((targets, index) => Running.start({ folder, name: `part-${index}`, targets, config })),
      );
      try {
        for (const process of processes) await process.ready();
        const { sip } = processes[0] as Running;
        const [caller, callee] = [await phone(sip, ALICE, 440), await phone(sip, BOB, 660)];
        await caller.register();
        await callee.register();
        await callWithAudio(caller, callee, "bob");

        for (const [index, process] of processes.entries()) {
          const here = sets[index]?.split(",") ?? [];
          for (const asked of await routes(process)) {
            const [service = "", route] = asked.split(" ");
            assert.equal(route, here.includes(service) ? "direct" : "stream", `${sets[index]} asked ${asked}`);
          }
        }
        const ofTransaction = await routes(processes[sets.findIndex((set) => set.includes("transaction"))] as Running);
        assert.ok(ofTransaction.size >= 2, [...ofTransaction].join());
      } finally {
        for (const { program } of processes) await program.stop(15_000);
        await nats.stop();
      }
    });
  }
});
