import assert from "node:assert/strict";
import { get } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Admin } from "./admin.ts";

const pages = (ok: boolean) => ({
  ready: () => ({ ok, targets: { edge: { ok } } }),
  state: () => ({ bindings: new Map([["alice", 3n]]), instances: new Set(["a"]), key: Uint8Array.of(1, 2) }),
  traceId: (callId: string, fromTag: string) => (ok ? `${callId}/${fromTag}` : undefined),
  metrics: (_request: unknown, response: { end(text: string): void }) => response.end("sipmesh_calls_total 1\n"),
});

async function withAdmin(ok: boolean, run: (url: string) => Promise<void>): Promise<void> {
  const admin = await Admin.start("127.0.0.1", 0, pages(ok));
  try {
    await run(admin.url);
  } finally {
    await admin.stop();
  }
}

test("Ready is 200 or 503, with the reasons; live is 200 in any case", async () => {
  await withAdmin(true, async (url) => assert.equal((await fetch(`${url}/ready`)).status, 200));
  await withAdmin(false, async (url) => {
    const ready = await fetch(`${url}/ready`);
    assert.equal(ready.status, 503);
    assert.deepEqual(await ready.json(), { ok: false, targets: { edge: { ok: false } } });
    assert.equal((await fetch(`${url}/live`)).status, 200);
  });
});

test("State is JSON, whatever types the services keep", async () => {
  await withAdmin(true, async (url) => {
    assert.deepEqual(await (await fetch(`${url}/state`)).json(), {
      bindings: { alice: 3 },
      instances: ["a"],
      key: "[2 bytes]",
    });
  });
});

test("Metrics are served; what there is not is 404; nothing is changed", async () => {
  await withAdmin(true, async (url) => {
    assert.match(await (await fetch(`${url}/metrics`)).text(), /sipmesh_calls_total/);
    assert.equal((await fetch(`${url}/stop`)).status, 404);
    assert.equal((await fetch(`${url}/state`, { method: "POST" })).status, 405);
  });
});

test("The trace of a call is told by Call-ID and From tag", async () => {
  await withAdmin(true, async (url) => {
    const answer = await fetch(`${url}/trace?call-id=a%40b&from-tag=7`);
    assert.deepEqual(await answer.json(), { traceId: "a@b/7" });
  });
  await withAdmin(false, async (url) => assert.equal((await fetch(`${url}/trace`)).status, 503));
});

test("A web page of another name cannot read it through a browser", async () => {
  await withAdmin(true, async (url) => {
    const status = await new Promise((resolve, reject) => {
      get(`${url}/state`, { headers: { host: "evil.example:8060" } }, (response) => resolve(response.statusCode)).on(
        "error",
        reject,
      );
    });
    assert.equal(status, 403);
  });
});

test("What is no path is answered 400", async () => {
  await withAdmin(true, async (url) => {
    const status = await new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      get({ hostname, port, path: "//" }, (response) => resolve(response.resume().statusCode)).on("error", reject);
    });
    assert.equal(status, 400);
  });
});

test("A hundred connections that say nothing, or half of it, keep a probe out for some seconds at most", async () => {
  await withAdmin(true, async (url) => {
    const { hostname, port } = new URL(url);
    const idle = Array.from({ length: 100 }, (_, n) => {
      const socket = connect(Number(port), hostname).on("error", () => undefined);
      if (n % 2 === 0) socket.write("GET /live HTTP/1.1\r\n");
      return socket;
    });
    await pause(200);
    const end = Date.now() + 10_000;
    let live = 0;
    while (live !== 200 && Date.now() < end) {
      live = await fetch(`${url}/live`, { signal: AbortSignal.timeout(1000) }).then(
        ({ status }) => status,
        () => 0,
      );
      if (live !== 200) await pause(200);
    }
    assert.equal(live, 200);
    for (const socket of idle) socket.destroy();
  });
});

test("A busy port is refused with what to do", async () => {
  await withAdmin(true, async (url) => {
    await assert.rejects(
      Admin.start("127.0.0.1", Number(new URL(url).port), pages(true)),
      /another program uses it; set another one with SIPMESH_ADMIN_PORT/,
    );
  });
});
