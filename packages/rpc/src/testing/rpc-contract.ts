import assert from "node:assert/strict";
import { test } from "node:test";
import { LocationService, type LookupReply, type RegisterReply } from "@sipmesh/proto/location";
import { Code, RpcError } from "../error.ts";
import type { Call, Client, Handlers, Rpc } from "../rpc.ts";

export type Location = typeof LocationService;

export const REPLY: LookupReply = {
  bindings: [{ uri: "sip:alice@192.0.2.1", q: 1000, path: ["<sip:edge;lr>"], flow: undefined, nat: true, expires: 60 }],
};

/** Handlers for tests: what is not given answers something. */
export function handlers(given: Partial<Handlers<Location>> = {}): Handlers<Location> {
  return {
    lookup: () => REPLY,
    register: (): RegisterReply => ({ status: 200, reason: "OK", headerFields: [], keepAlive: 0 }),
    ...given,
  };
}

export const asked = { addressOfRecord: "alice@example.com" };

/** A caller, and one who answers what it is told to. */
export interface Pair {
  readonly caller: Rpc;
  readonly answerer: Rpc;
  close(): Promise<void>;
}

/** What calls keep to, wherever the service runs. */
export function rpcContract(name: string, pair: () => Promise<Pair>): void {
  function contract(
    title: string,
    given: Partial<Handlers<Location>>,
    run: (location: Client<Location>, pair: Pair) => Promise<void>,
  ): void {
    test(`${name}: ${title}`, async () => {
      const made = await pair();
      try {
        made.answerer.serve(LocationService, handlers(given));
        await run(made.caller.client("location", LocationService), made);
      } finally {
        await made.close();
      }
    });
  }

  contract("a call brings the request there and the reply back", {}, async (location) => {
    assert.deepEqual(await location.lookup(asked, { deadline: 2000 }), REPLY);
  });

  const calls: Call[] = [];
  const trace = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", sampled: true };
  contract(
    "the handler knows the trace and how long the caller waits",
    {
      async lookup(request, call) {
        assert.equal(request.addressOfRecord, asked.addressOfRecord);
        calls.push(call);
        return REPLY;
      },
    },
    async (location) => {
      await location.lookup(asked, { deadline: 1500, trace });
      assert.deepEqual(calls[0]?.trace, trace);
      assert.ok((calls[0]?.deadline ?? 0) > 500 && (calls[0]?.deadline ?? 0) <= 1500);
    },
  );

  contract(
    "an RpcError keeps its code",
    {
      lookup() {
        throw new RpcError(Code.NotFound, "nobody of that name");
      },
    },
    async (location) => {
      await assert.rejects(location.lookup(asked, { deadline: 2000 }), {
        name: "RpcError",
        code: Code.NotFound,
        message: "nobody of that name",
      });
    },
  );

  contract(
    "anything else that a handler throws or rejects with is INTERNAL",
    {
      lookup() {
        throw new TypeError("broken");
      },
      register: () => Promise.reject(new Error("broken too")),
    },
    async (location) => {
      await assert.rejects(location.lookup(asked, { deadline: 2000 }), { code: Code.Internal, message: "broken" });
      const request = { addressOfRecord: "", contacts: [], expires: "", callId: "", cseq: 1, path: [] };
      const rest = { supported: [], require: [], userAgent: "", flow: undefined, nat: false };
      await assert.rejects(location.register({ ...request, ...rest }, { deadline: 2000 }), { code: Code.Internal });
    },
  );

  contract(
    "a handler that does not answer ends with DEADLINE_EXCEEDED, in time",
    { lookup: () => new Promise(() => {}) },
    async (location) => {
      const began = performance.now();
      await assert.rejects(location.lookup(asked, { deadline: 150 }), { code: Code.DeadlineExceeded });
      const took = performance.now() - began;
      assert.ok(took > 100 && took < 2000, `${took} ms`);
    },
  );

  contract("a service that has gone is UNAVAILABLE, never silence", {}, async (_location, made) => {
    const nobody = made.caller.client("routing", { other: { ...LocationService.lookup, path: "/x.Other/Call" } });
    await assert.rejects(nobody.other(asked, { deadline: 2000 }), { code: Code.Unavailable });
  });

  contract(
    "replies find their calls, whatever order they come in",
    {
      async lookup({ addressOfRecord }) {
        const number = Number(addressOfRecord);
        if (number % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 30 - (number % 30)));
        return { bindings: [{ uri: addressOfRecord, q: 0, path: [], flow: undefined, nat: false, expires: 0 }] };
      },
    },
    async (location) => {
      const replies = await Promise.all(
        Array.from({ length: 500 }, (_, at) => location.lookup({ addressOfRecord: String(at) }, { deadline: 5000 })),
      );
      for (const [at, { bindings }] of replies.entries()) assert.equal(bindings[0]?.uri, String(at));
    },
  );

  contract("a method is served once", {}, async (_location, { answerer }) => {
    assert.throws(() => answerer.serve(LocationService, handlers()), RangeError);
  });
}
