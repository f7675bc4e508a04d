import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort } from "@sipmesh/drivers";
import { until } from "@sipmesh/environment/testing";

const MAIN = new URL("main.ts", import.meta.url).pathname;
const DEMO = new URL("demo/main.ts", import.meta.url).pathname;
const PASSWORDS = /[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}/;

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "sipmesh-launcher-"));
});
after(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(
  program: string,
  args: readonly string[],
): { child: ChildProcess; ended: Promise<Ended>; out(): string } {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, INIT_CWD: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => {
    out += text;
  });
  child.stderr.on("data", (text) => {
    err += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, out, err }));
  return { child, ended, out: () => out };
}

const run = (...args: string[]) => start(MAIN, args).ended;

/** A configuration of its own for this test, on ports that were free a moment ago. */
async function configure(name: string, more = ""): Promise<{ file: string; sip: number; admin: number }> {
  const [sip, admin] = [await freePort(), await freePort()];
  const listeners = `[{ transport: udp, address: 127.0.0.1, port: ${sip} }]`;
  const file = `${name}.yaml`;
  writeFileSync(
    join(folder, file),
    `process: { dataDirectory: ${name}-data }\nadmin: { port: ${admin} }\nedge: { listeners: ${listeners} }\n${more}`,
  );
  return { file, sip, admin };
}

describe("What only asks", () => {
  test("--help, --version and --list-targets say what there is", async () => {
    assert.match((await run("--help")).out, /--target=LIST/);
    assert.match((await run("--version")).out, /^\d+\.\d+\.\d+\n$/);
    const { out, code } = await run("--list-targets");
    assert.equal(code, 0);
    for (const target of ["all", "edge", "transaction", "location", "routing", "directory", "media"]) {
      assert.match(out, new RegExp(`^${target}\\b`, "m"));
    }
  });

  test("--print-config hides passwords, and what it prints is right again", async () => {
    const subscribers = "[{ user: alice, password: geheim-geheim }]";
    const { file } = await configure(
      "printed",
      `directory: { domains: [{ name: a.example, subscribers: ${subscribers} }] }\n`,
    );
    const { out, code } = await run("--print-config", "--config", file);
    assert.equal(code, 0);
    assert.doesNotMatch(out, /geheim/);
    writeFileSync(join(folder, "again.yaml"), out);
    assert.deepEqual(await run("--verify-config", "--config=again.yaml"), {
      code: 0,
      out: "the configuration is right\n",
      err: "",
    });
  });
});

describe("What is wrong is answered before anything starts", () => {
  test("A wrong configuration: everything at once, exit code 78", async () => {
    writeFileSync(join(folder, "wrong.yaml"), "admin: { port: 70000 }\nedje: {}\nlog: { level: loud }\n");
    const { code, err } = await run("--config", "wrong.yaml");
    assert.equal(code, 78);
    assert.match(err, /^wrong\.yaml:1: admin\.port: 70000 is wrong; expected at most 65535/m);
    assert.match(err, /^wrong\.yaml:2: edje: unknown section; did you mean edge\?/m);
    assert.match(err, /^wrong\.yaml:3: log\.level: "loud" is wrong; expected one of debug, info/m);
  });

  test("A wrong command line, target or file name: exit code 64", async () => {
    for (const args of [["--tarrget=edge"], ["--target=edje"], ["--config", "nowhere.yaml"]]) {
      const { code, err } = await run(...args);
      assert.equal(code, 64, err);
      assert.match(err, /tarrget|edje|nowhere/);
    }
  });

  test("A busy SIP port: a sentence that names it, exit code 69", async () => {
    const { file, sip } = await configure("busy");
    const holder = createSocket("udp4").bind(sip, "127.0.0.1");
    await once(holder, "listening");
    const { code, err } = await run("--config", file);
    holder.close();
    assert.equal(code, 69);
    assert.match(err, new RegExp(`sipmesh cannot start: cannot listen on udp 127\\.0\\.0\\.1:${sip}: another program`));
    assert.doesNotMatch(err, /\n {4}at /);
  });

  test("Certificates that are not there: a sentence that names the file, exit code 69, also while NATS is away", async () => {
    const tls = "{ ca: ca.crt, certificate: tls.crt, key: tls.key, name: sipmesh.example }";
    const { file } = await configure(
      "uncertified",
      `nats: { servers: ["nats://127.0.0.1:1"] }\nrpc: { tls: ${tls} }\n`,
    );
    const { code, err } = await run("--config", file);
    assert.equal(code, 69);
    assert.match(err, /sipmesh cannot start: ca\.crt cannot be read: ENOENT/);
    assert.doesNotMatch(err, /\n {4}at /);
  });

  test("TLS towards NATS that could check nothing: refused with a sentence, exit code 78", async () => {
    for (const [nats, sentence] of [
      ['{ servers: ["tls://10.0.0.5:4222"] }', /named by IP address need `tls\.name`/],
      ['{ servers: ["nats://a:4222"], tls: { certificate: tls.crt } }', /`certificate` and `key` go together/],
    ] as const) {
      const { file } = await configure("unchecked", `nats: ${nats}\n`);
      const { code, err } = await run("--verify-config", "--config", file);
      assert.equal(code, 78);
      assert.match(err, sentence);
    }
  });

  test("A busy admin port: a sentence that names it, exit code 69", async () => {
    const { file, admin } = await configure("busy-admin");
    const holder = createServer().listen(admin, "127.0.0.1");
    await once(holder, "listening");
    const { code, err } = await run("--config", file);
    holder.close();
    assert.equal(code, 69);
    assert.match(err, new RegExp(`admin port 127\\.0\\.0\\.1:${admin} cannot be opened: another program uses it`));
  });
});

describe("A running platform", () => {
  test("serves a first call, shows itself, keeps passwords out of its output, and stops in order", {
    timeout: 60_000,
  }, async () => {
    const { file, admin } = await configure("running");
    const platform = start(MAIN, ["--config", file]);
    try {
      await until(() => platform.out().includes("sipmesh is running"), 10_000);
      const base = `http://127.0.0.1:${admin}`;
      assert.equal((await fetch(`${base}/ready`)).status, 200);

      const demo = await start(DEMO, ["--config", file, "--seconds", "1"]).ended;
      assert.equal(demo.code, 0, demo.err);
      assert.match(demo.out, /alice +sipmesh +bob/);
      assert.match(demo.out, /180 Ringing \(INVITE\)/);
      assert.match(
        demo.out,
        /alice +sent \d+ packets, received \d+: loss 0\.0 %, jitter [\d.]+ ms, the other's tone is clear/,
      );
      assert.match(demo.out, /bob +sent .* the other's tone is clear/);
      assert.match(demo.out, /trace +[0-9a-f]{32} /);

      assert.match(await (await fetch(`${base}/metrics`)).text(), /^sipmesh_process_memory_bytes \d+/m);
      const passwords = readFileSync(join(folder, "running-data", "demo-subscribers.json"), "utf8");
      assert.match(passwords, PASSWORDS);
      platform.child.kill("SIGTERM");
      const { code, out, err } = await platform.ended;
      assert.equal(code, 0, err);
      assert.doesNotMatch(out + err, PASSWORDS);
    } finally {
      platform.child.kill("SIGKILL");
    }
  });

  test("waits for NATS where there is none, not ready, and stops when it is asked to", async () => {
    const nowhere = await freePort();
    const { file, admin } = await configure("waiting", `nats: { servers: ["nats://127.0.0.1:${nowhere}"] }\n`);
    const platform = start(MAIN, ["--config", file]);
    try {
      const status = () =>
        fetch(`http://127.0.0.1:${admin}/ready`).then(
          (response) => response.status,
          () => 0,
        );
      await until(async () => (await status()) === 503, 10_000);
      platform.child.kill("SIGTERM");
      assert.equal((await platform.ended).code, 0);
    } finally {
      platform.child.kill("SIGKILL");
    }
  });

  test("a demo without a platform says what to start", async () => {
    const { file } = await configure("alone");
    const { code, err } = await start(DEMO, ["--config", file]).ended;
    assert.equal(code, 69);
    assert.match(err, /npm start/);
  });
});
