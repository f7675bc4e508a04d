import assert from "node:assert/strict";
import { test } from "node:test";
import { type Config, loadConfig } from "@sipmesh/config";
import { SECTIONS } from "../configuration.ts";
import { DemoError } from "./find-platform.ts";
import { hostAndPort, namedPlatform } from "./named-platform.ts";

const configuration = (text: string): Config => loadConfig(SECTIONS, { file: { name: "test", text }, environment: {} });

test("A server is named by host and port, 5060 where none is said", () => {
  assert.deepEqual(hostAndPort("sip.example"), { host: "sip.example", port: 5060 });
  assert.deepEqual(hostAndPort("192.0.2.1:5070"), { host: "192.0.2.1", port: 5070 });
  assert.deepEqual(hostAndPort("[2001:db8::1]:5070"), { host: "2001:db8::1", port: 5070 });
  for (const bad of ["", "2001:db8::1", "a:b", "a:0", "a:70000"]) assert.throws(() => hostAndPort(bad), /--server/);
});

test("The phones are the first two subscribers whose passwords the configuration tells", async () => {
  const config = configuration(
    `directory: { domains: [{ name: example.com, subscribers: [
      { user: hashed, ha1: { md5: "${"a".repeat(32)}" } }, { user: a, password: x }, { user: b, password: y }] }] }`,
  );
  const platform = await namedPlatform("127.0.0.1:5070", config);
  assert.deepEqual(platform.server, { address: "127.0.0.1", port: 5070 });
  assert.equal(platform.domain, "example.com");
  assert.deepEqual(platform.subscribers, [
    { user: "a", password: "x" },
    { user: "b", password: "y" },
  ]);
  await assert.rejects(namedPlatform("127.0.0.1", configuration("{}")), DemoError);
});
