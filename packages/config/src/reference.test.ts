import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { configReference, section } from "./index.ts";

test("The reference names every key with default, meaning and variable", () => {
  const media = section(
    "media",
    z.strictObject({
      ports: z.strictObject({ first: z.int().default(20000).describe("Lowest port | even.") }).prefault({}),
      mode: z.enum(["always", "never"]).default("always").describe("When to relay."),
      peers: z
        .array(z.strictObject({ name: z.string().describe("Its name."), q: z.number().default(1).describe("Order.") }))
        .default([])
        .describe("Who."),
      domains: z
        .record(z.string(), z.strictObject({ open: z.boolean().optional().describe("To all.") }))
        .default({})
        .describe("Per domain."),
      advertise: z.string().optional().describe("Address told to peers."),
    }),
  );
  assert.equal(
    configReference([media]),
    [
      "## media",
      "",
      "| key | default | meaning |",
      "| --- | --- | --- |",
      "| `media.ports.first` | `20000` | Lowest port \\| even.<br>`SIPMESH_MEDIA_PORTS_FIRST` |",
      '| `media.mode` | `"always"` | When to relay. One of `always`, `never`.<br>`SIPMESH_MEDIA_MODE` |',
      "| `media.peers` | `[]` | Who.<br>`SIPMESH_MEDIA_PEERS` |",
      "| `media.peers[].name` |  | Its name. |",
      "| `media.peers[].q` | `1` | Order. |",
      "| `media.domains` | `{}` | Per domain.<br>`SIPMESH_MEDIA_DOMAINS` |",
      "| `media.domains.<name>.open` |  | To all. |",
      "| `media.advertise` |  | Address told to peers.<br>`SIPMESH_MEDIA_ADVERTISE` |",
      "",
    ].join("\n"),
  );
});
