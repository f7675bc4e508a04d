import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "@sipmesh/config";
import { SECTIONS } from "../configuration.ts";
import { madeSecret } from "./made-secret.ts";

type Made = { metadata: { ownerReferences: object[] }; stringData: Record<string, string> };
const make = () => madeSecret("made", { name: "owner", uid: "1234" }) as Made;

test("What it holds is a configuration of the directory, and never the same twice", () => {
  const { stringData } = make();
  const config = loadConfig(SECTIONS, {
    environment: { SIPMESH_DIRECTORY_DOMAINS: stringData["domains.yaml"], SIPMESH_NATS_PASSWORD: stringData.password },
  });
  assert.equal(config.isSet("directory.domains"), true);
  const again = make().stringData;
  assert.notEqual(again.password, stringData.password);
  assert.notEqual(again["domains.yaml"], stringData["domains.yaml"]);
});

test("It belongs to the release: it goes when its owner goes", () => {
  assert.deepEqual(make().metadata.ownerReferences, [
    { apiVersion: "v1", kind: "ServiceAccount", name: "owner", uid: "1234" },
  ]);
});
