import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "@sipmesh/config";
import { SECTIONS } from "../configuration.ts";
import { withPasswords } from "./passwords.ts";

test("What is made is a configuration of the directory, and never the same twice", () => {
  const made = withPasswords({});
  const config = loadConfig(SECTIONS, {
    environment: { SIPMESH_DIRECTORY_DOMAINS: made["domains.yaml"], SIPMESH_NATS_PASSWORD: made.password },
  });
  assert.equal(config.isSet("directory.domains"), true);
  const again = withPasswords({});
  for (const key of ["password", "system-password", "domains.yaml"] as const) assert.notEqual(again[key], made[key]);
  assert.notEqual(made.password, made["system-password"]);
});

test("What is there stays, also where an older version made less", () => {
  const { "system-password": made, ...rest } = withPasswords({ user: "u", password: "p", "domains.yaml": "[]" });
  assert.deepEqual(rest, { user: "u", password: "p", "domains.yaml": "[]" });
  assert.match(made, /^p-/);
});
