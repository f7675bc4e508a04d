import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@sipmesh/environment";
import { LocationService } from "@sipmesh/proto/location";
import { Code } from "./error.ts";
import { directRpc } from "./local-rpc.ts";
import { asked, handlers, REPLY, rpcContract } from "./testing/rpc-contract.ts";

function rpc() {
  const clock = systemClock((error) => {
    throw error;
  });
  return { clock, calls: directRpc({ clock, instance: "all-1" }) };
}

rpcContract("direct", async () => {
  const { clock, calls } = rpc();
  return { caller: calls, answerer: calls, close: async () => clock.close() };
});

test("direct: the very objects are handed over, and nothing is encoded", async () => {
  const { clock, calls } = rpc();
  let seen: unknown;
  calls.serve(
    LocationService,
    handlers({
      lookup(request) {
        seen = request;
        return REPLY;
      },
    }),
  );
  const location = calls.client("location", LocationService);
  assert.equal(await location.lookup(asked, { deadline: 1000, instance: "all-1" }), REPLY);
  assert.equal(seen, asked);
  clock.close();
});

test("direct: another instance is UNAVAILABLE; so is a service that was closed", async () => {
  const { clock, calls } = rpc();
  const serving = calls.serve(LocationService, handlers());
  const location = calls.client("location", LocationService);
  await assert.rejects(location.lookup(asked, { deadline: 1000, instance: "all-2" }), { code: Code.Unavailable });
  serving.close();
  await assert.rejects(location.lookup(asked, { deadline: 1000 }), { code: Code.Unavailable });
  clock.close();
});
