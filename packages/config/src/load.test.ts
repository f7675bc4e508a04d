import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { ConfigError, loadConfig, printConfig, secret, section } from "./index.ts";

const edge = section(
  "edge",
  z.strictObject({
    port: z.int().min(0).max(65535).default(5060).describe("Port for UDP and TCP."),
    transports: z
      .array(z.enum(["udp", "tcp"]))
      .default(["udp", "tcp"])
      .describe("What to listen on."),
    limits: z
      .strictObject({ messageBytes: z.int().positive().default(65535).describe("Largest message.") })
      .prefault({}),
  }),
);
const directory = section(
  "directory",
  z.strictObject({
    subscribers: z
      .array(z.strictObject({ user: z.string(), password: secret(z.string().min(8)) }))
      .default([])
      .describe("Who may register."),
    key: secret(z.string().default("geheim")).describe("A key."),
  }),
);
const sections = [edge, directory];

function load(text: string, environment: Record<string, string> = {}) {
  return loadConfig(sections, { file: { name: "sipmesh.yaml", text }, environment });
}

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.message.split("\n");
  }
  throw new Error("was accepted");
}

test("Nothing set gives the defaults", () => {
  const config = loadConfig(sections, { environment: {} });
  assert.deepEqual(config.of(edge), { port: 5060, transports: ["udp", "tcp"], limits: { messageBytes: 65535 } });
});

test("The environment goes over the file, which goes over the defaults", () => {
  const config = load("edge: { port: 5070, limits: { messageBytes: 1000 } }", {
    SIPMESH_EDGE_PORT: "5080",
    SIPMESH_EDGE_TRANSPORTS: "[tcp]",
    PATH: "/bin",
  });
  assert.deepEqual(config.of(edge), { port: 5080, transports: ["tcp"], limits: { messageBytes: 1000 } });
});

test("A text stays a text, also where it looks like a number", () => {
  assert.equal(load("", { SIPMESH_DIRECTORY_KEY: "0012" }).of(directory).key, "0012");
});

test("Everything that is wrong is said at once, with path, value, line and what would be right", () => {
  const problems = problemsOf(() =>
    load("edge:\n  port: 70000\n  transports: [udp, sctp]\n  limit: 3\nroutes: {}\n", {
      SIPMESH_EDGE_PROT: "1",
      SIPMESH_EDGE_LIMITS_MESSAGE_BYTES: "many",
    }),
  );
  assert.deepEqual(problems, [
    "sipmesh.yaml:5: routes: unknown section; one of edge, directory",
    "SIPMESH_EDGE_PROT: unknown environment variable; did you mean SIPMESH_EDGE_PORT?",
    "sipmesh.yaml:2: edge.port: 70000 is wrong; expected at most 65535 (Port for UDP and TCP.)",
    'sipmesh.yaml:3: edge.transports[1]: "sctp" is wrong; expected one of udp, tcp',
    'SIPMESH_EDGE_LIMITS_MESSAGE_BYTES: edge.limits.messageBytes: "many" is wrong; expected a number (Largest message.)',
    "sipmesh.yaml:4: edge.limit: unknown key; did you mean limits?",
  ]);
});

test("A file that is no YAML is refused with the line", () => {
  const [problem = ""] = problemsOf(() => load("edge:\n  port: [1\nx: 2"));
  assert.match(problem, /^sipmesh\.yaml:\d: not valid YAML/);
});

test("A file that holds no sections is refused", () => {
  assert.match(problemsOf(() => load("5060"))[0] ?? "", /holds no sections/);
});

test("Secrets are in no error and in no printed configuration", () => {
  const text = "directory: { key: topsecret, subscribers: [{ user: alice, password: hunter2hunter2 }] }";
  const printed = printConfig(load(text));
  assert.match(printed, /alice/);
  assert.doesNotMatch(printed, /topsecret|hunter2|geheim/);
  const problems = problemsOf(() => load("directory: { key: [1], subscribers: [{ user: alice, password: hunter2 }] }"));
  assert.equal(problems.length, 2);
  assert.doesNotMatch(problems.join("\n"), /hunter2/);
  assert.match(problems.join("\n"), /directory\.subscribers\[0\]\.password: the value \(a secret\) is wrong/);
});

test("A printed configuration without secrets is read back as the same", () => {
  const config = load("edge: { port: 5070 }");
  const printed = printConfig(config).replaceAll("•••", "geheim");
  assert.deepEqual(load(printed).of(edge), config.of(edge));
});

test("Presets go under the file, key by key", () => {
  const presets = { edge: { port: 7000, transports: ["tcp"] } };
  const config = loadConfig(sections, { file: { name: "a", text: "edge: { port: 5070 }" }, environment: {}, presets });
  assert.equal(config.of(edge).port, 5070);
  assert.deepEqual(config.of(edge).transports, ["tcp"]);
  assert.equal(config.isSet("edge.port"), true);
  assert.equal(config.isSet("edge.transports"), false);
});
