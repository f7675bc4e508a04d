import assert from "node:assert/strict";
import { test } from "node:test";
import { hostProblems } from "./host-settings.ts";

const kernel = (files: Readonly<Record<string, string>>) => (file: string) => files[file];

test("A setting below what a target needs is told, with what to set and why", () => {
  const read = kernel({
    "/proc/sys/net/core/rmem_max": "212992\n",
    "/proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
    "/proc/sys/net/netfilter/nf_conntrack_udp_timeout": "30\n",
  });
  const told = (...targets: string[]) => hostProblems(targets, read).map(({ setting, value }) => `${setting} ${value}`);
  assert.deepEqual(told("media"), ["net.core.rmem_max 212992", "net.netfilter.nf_conntrack_max 65536"]);
  assert.deepEqual(told("edge", "transaction"), ["net.netfilter.nf_conntrack_max 65536"]);
  assert.deepEqual(told("transaction", "location"), []);
  for (const { needed, value, why } of hostProblems(["media"], read)) assert.ok(needed > value && why.length > 20);
});

test("What cannot be read, or is no number, is nobody's fault", () => {
  assert.deepEqual(hostProblems(["edge", "media"], kernel({})), []);
  assert.deepEqual(hostProblems(["media"], kernel({ "/proc/sys/net/core/rmem_max": "?" })), []);
});
