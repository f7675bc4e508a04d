import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { freePort } from "@sipmesh/drivers";
import { newFolder, sipmesh } from "./sipmesh.ts";

const TARGETS = ["edge", "transaction", "location", "routing", "directory", "media"];
/** For Kubernetes alone. */
const BY_NAME = ["autoscaler", "controller"];
const SECRETS = /hunter2-hunter2|tok-en-tok-en|0123456789abcdef/;

describe("What the program says without running", () => {
  it("tells its options and its targets", async () => {
    const folder = newFolder();
    const help = await sipmesh(folder, "--help");
    assert.equal(help.code, 0);
    for (const option of ["--config", "--target", "--print-config", "--verify-config", "--list-targets"]) {
      assert.ok(help.output.includes(option), option);
    }
    const list = await sipmesh(folder, "--list-targets");
    assert.equal(list.code, 0);
    const names = list.output.split("\n").map((line) => line.split(" ")[0]);
    assert.deepEqual(names.filter((name) => name !== "").toSorted(), ["all", ...TARGETS, ...BY_NAME].toSorted());
    for (const name of BY_NAME) assert.match(list.output, new RegExp(`^${name} +not in all$`, "m"));
  });

  it("prints the configuration in force, the environment's included, without any secret", async () => {
    const folder = newFolder();
    const file = join(folder, "site.yaml");
    const subscribers = [
      { user: "alice", password: "hunter2-hunter2" },
      { user: "bob", ha1: { md5: "0123456789abcdef0123456789abcdef" } },
    ];
    writeFileSync(
      file,
      JSON.stringify({
        nats: { servers: ["nats://127.0.0.1:4222"], token: "tok-en-tok-en" },
        directory: { domains: [{ name: "a.example", subscribers }] },
      }),
    );
    const printed = await sipmesh(folder, "--print-config", "--config", file);
    assert.equal(printed.code, 0, printed.output);
    assert.match(printed.output, /alice/);
    assert.doesNotMatch(printed.output, SECRETS);
  });

  it("tells everything that is wrong at once, where, and what would be right, without any secret: exit code 78", async () => {
    const folder = newFolder();
    const file = join(folder, "wrong.yaml");
    writeFileSync(
      file,
      [
        "edge:",
        "  listeners:",
        "    - { transport: udp, port: 70000 }",
        "  limit: 3",
        "directory:",
        "  domains:",
        "    - name: a.example",
        "      subscribers:",
        "        - { user: alice, pasword: hunter2-hunter2 }",
        "        - { user: bob, password: [hunter2-hunter2] }",
        "nats: { token: 17, servers: [http://x] }",
        "log: { level: loud }",
      ].join("\n"),
    );
    for (const way of [[], ["--verify-config"], ["--print-config"]]) {
      const { code, output } = await sipmesh(folder, ...way, "--config", file);
      assert.equal(code, 78, output);
      assert.match(output, /wrong\.yaml:3: edge\.listeners\[0\]\.port: 70000 is wrong; expected at most 65535/);
      assert.match(output, /wrong\.yaml:4: edge\.limit: unknown key/);
      assert.match(output, /wrong\.yaml:9: directory\.domains\[0\]\.subscribers\[0\].*pasword/);
      assert.match(output, /wrong\.yaml:10: directory\.domains\[0\]\.subscribers\[1\]\.password/);
      assert.match(output, /wrong\.yaml:11: nats\.servers\[0\]/);
      assert.match(output, /wrong\.yaml:12: log\.level: "loud" is wrong; expected one of/);
      assert.doesNotMatch(output, SECRETS);
    }
  });

  it("tells that a port is taken, which, and what to do: exit code 69", async () => {
    const folder = newFolder();
    const [taken, admin] = [await freePort(), await freePort()];
    const file = join(folder, "busy.yaml");
    const listeners = [{ transport: "tcp", address: "127.0.0.1", port: taken }];
    writeFileSync(file, JSON.stringify({ admin: { port: admin }, edge: { listeners } }));
    const holder = createServer().listen(taken, "127.0.0.1");
    await once(holder, "listening");
    const { code, output } = await sipmesh(folder, "--config", file);
    holder.close();
    assert.equal(code, 69, output);
    assert.match(output, new RegExp(`cannot listen on tcp 127\\.0\\.0\\.1:${taken}: another program uses that`));
    assert.doesNotMatch(output, /\n {4}at /, "a sentence, no stack");
  });
});
