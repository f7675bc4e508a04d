import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NextServer } from "./next-server.ts";

const server = (listen: string, gossiped: boolean) => {
  const [hostname = "", port] = listen.split(":");
  return {
    hostname,
    port: Number(port),
    listen,
    src: listen,
    tlsName: "",
    reconnects: 0,
    lastConnect: 0,
    gossiped,
    didConnect: false,
  };
};
const NAME = server("nats:4222", false);
const [A, B, C] = ["10.0.0.1:4222", "10.0.0.2:4222", "10.0.0.3:4222"].map((listen) => server(listen, true));
const pool = [NAME, A, B, C].filter((one) => one !== undefined);

const tried = (next: NextServer, times: number) => Array.from({ length: times }, () => next.choose(pool)?.listen);

describe("the next server of NATS", () => {
  it("is one that the servers told of, each once, and only then a name; then all over again", () => {
    const next = new NextServer();
    next.connected(NAME.listen);
    assert.deepEqual(tried(next, 3), [A?.listen, B?.listen, C?.listen]);
    assert.deepEqual(tried(next, 4), [A?.listen, B?.listen, C?.listen, NAME.listen]);
  });

  it("is the one that was lost last of all", () => {
    const next = new NextServer();
    next.connected(A?.listen ?? "");
    assert.deepEqual(tried(next, 4), [B?.listen, C?.listen, NAME.listen, A?.listen]);
  });

  it("at first is what was given, and nothing where there is nothing", () => {
    const next = new NextServer();
    assert.equal(next.choose([NAME])?.listen, NAME.listen);
    assert.equal(next.choose([NAME])?.listen, NAME.listen, "there is no other");
    assert.equal(next.choose([]), null);
  });
});
