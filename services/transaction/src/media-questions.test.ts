import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Cluster, Instance } from "@sipmesh/cluster";
import { defaults } from "@sipmesh/config";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { type CallOptions, Code, type Rpc, RpcError } from "@sipmesh/rpc";
import { nameHash } from "@sipmesh/sip-core";
import { transactionSection } from "./config.ts";
import { type Description, MediaQuestions } from "./media-questions.ts";
import { Relays } from "./relays.ts";

/** One answer of a relay to a verb: its name, or why not. */
type Answer = string | number | Promise<string>;

function world() {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const present: Instance[] = [];
  let tell = () => {};
  const cluster = {
    instances: (target: string) => present.filter(({ targets }) => targets.includes(target)),
    onChange(run: () => void) {
      tell = run;
      return { close() {} };
    },
  };
  /** By instance and verb, in order; without it the relay answers with its own name. */
  const answers = new Map<string, Answer[]>();
  const names = new Map<string, string>();
  const verb =
    (name: string) =>
    async (_: unknown, { instance = "anybody" }: CallOptions) => {
      asked.push(`${name} ${instance}`);
      const answer = await (answers.get(`${name} ${instance}`)?.shift() ?? names.get(instance) ?? Code.Unavailable);
      if (typeof answer === "number") throw new RpcError(answer, "no");
      return { sdp: Buffer.from("sdp"), relay: answer };
    };
  const client = { offer: verb("offer"), answer: verb("answer"), delete: verb("delete"), reject: verb("reject") };
  const relays = new Relays(cluster as unknown as Cluster, clock);
  const rpc = { client: () => client } as unknown as Rpc;
  const questions = new MediaQuestions(rpc, relays, clock, defaults(transactionSection).deadlines);
  return {
    clock,
    asked,
    questions,
    answer: (what: string, ...by: Answer[]) => void answers.set(what, by),
    come(id: string, name: string, incarnation = 1) {
      names.set(id, name);
      present.push({ id, node: "n", targets: ["media"], members: [], relay: { name, incarnation, load: 0 } });
      tell();
    },
    go(id: string) {
      names.delete(id);
      present.splice(
        present.findIndex((one) => one.id === id),
        1,
      );
      tell();
    },
  };
}

const leg = { callId: "c", callerTag: "a", calleeTag: "", leg: "b1", from: "caller", relay: 0, edge: "e" } as const;
const offer: Description = { ...leg, verb: "offer", sdp: Buffer.from("v=0"), toward: "", source: "" };
const code = (expected: number) => (error: unknown) => error instanceof RpcError && error.code === expected;

describe("what relays are asked", () => {
  it("goes to the one that holds the session", async () => {
    const { questions, asked, come } = world();
    come("m-1", "one");
    come("m-2", "two");
    const { instance } = await questions.describe(offer);
    for (let again = 0; again < 3; again++) await questions.describe({ ...offer, relay: instance });
    await questions.release("delete", { ...leg, relay: instance });
    assert.equal(new Set(asked.map((one) => one.split(" ")[1])).size, 1);
  });

  it("goes to another one where the first is full or about to stop, for a new session", async () => {
    const { questions, asked, come, answer } = world();
    for (const id of ["m-1", "m-2", "m-3"]) come(id, id);
    await questions.describe(offer);
    const [full] = asked.splice(0);
    answer(`${full}`, Code.ResourceExhausted);
    await questions.describe(offer);
    const [again, next] = asked.splice(0);
    assert.equal(again, full);
    assert.notEqual(next, full);
    for (const one of ["m-1", "m-2", "m-3"]) answer(`offer ${one}`, Code.ResourceExhausted);
    await assert.rejects(questions.describe(offer), code(Code.ResourceExhausted));
    assert.equal(new Set(asked).size, 3);
  });

  it("is refused where the offer is bad, and nobody else is asked", async () => {
    const { questions, asked, come, answer } = world();
    for (const id of ["m-1", "m-2"]) come(id, id);
    for (const id of ["m-1", "m-2"]) answer(`offer ${id}`, Code.InvalidArgument);
    await assert.rejects(questions.describe(offer), code(Code.InvalidArgument));
    assert.equal(asked.length, 1);
  });

  it("goes where the first branch went, for branches that are forked while that is under way", async () => {
    const { questions, asked, come, answer } = world();
    for (const id of ["m-1", "m-2", "m-3"]) come(id, id);
    const first = Promise.withResolvers<string>();
    await questions.describe({ ...offer, callId: "probe" });
    for (const id of ["m-1", "m-2", "m-3"]) answer(`offer ${id}`, first.promise);
    asked.splice(0);
    const one = questions.describe(offer);
    const two = questions.describe({ ...offer, leg: "b2" });
    await settled();
    assert.equal(asked.length, 1);
    // It ended up elsewhere than the hash of the call would say, as when the first choice was full.
    first.resolve("m-3");
    assert.deepEqual(await Promise.all([one, two]), [
      { sdp: Buffer.from("sdp"), instance: nameHash("m-3") },
      { sdp: Buffer.from("sdp"), instance: nameHash("m-3") },
    ]);
    assert.equal(asked[1], "offer m-3");
  });

  it("waits for who follows in the place of a relay that died", async () => {
    const { questions, asked, come, answer } = world();
    come("m-1", "one");
    come("m-9", "nine");
    answer("answer m-1", Code.Unavailable);
    const described = questions.describe({ ...offer, verb: "answer", relay: nameHash("one") });
    await settled();
    come("m-2", "one", 2);
    assert.equal((await described).instance, nameHash("one"));
    assert.deepEqual(asked, ["answer m-1", "answer m-2"]);
  });

  it("waits longer with an answer, which cannot go elsewhere", async () => {
    const { questions, asked, come, go, clock } = world();
    come("m-1", "one");
    come("m-9", "nine");
    go("m-1");
    const described = questions.describe({ ...offer, verb: "answer", relay: nameHash("one") });
    await clock.pass(20_000);
    assert.deepEqual(asked, []);
    come("m-2", "one", 2);
    assert.equal((await described).instance, nameHash("one"));
    assert.deepEqual(asked, ["answer m-2"]);
  });

  it("begins the session anew elsewhere where nobody follows; an answer is lost", async () => {
    const { questions, asked, come, go, clock } = world();
    come("m-1", "one");
    come("m-9", "nine");
    go("m-1");
    const described = questions.describe({ ...offer, relay: nameHash("one") });
    await settled();
    assert.deepEqual(asked, []);
    clock.step();
    assert.equal((await described).instance, nameHash("nine"));
    const lost = questions.describe({ ...offer, verb: "answer", relay: nameHash("one") });
    clock.step();
    await assert.rejects(lost, code(Code.Unavailable));
    assert.deepEqual(asked, ["offer m-9"]);
  });

  it("is told again where the relay did not hear of the end of a call, a bounded number of times", async () => {
    const { questions, asked, come, answer, clock } = world();
    come("m-1", "one");
    answer("delete m-1", Code.DeadlineExceeded, Code.Unavailable);
    const released = questions.release("delete", { ...leg, relay: nameHash("one") });
    for (let pause = 0; pause < 2; pause++) {
      await settled();
      clock.step();
    }
    await released;
    assert.equal(asked.splice(0).length, 3);
    answer("delete m-1", ...Array<number>(9).fill(Code.DeadlineExceeded));
    const never = assert.rejects(
      questions.release("delete", { ...leg, relay: nameHash("one") }),
      code(Code.DeadlineExceeded),
    );
    for (let pause = 0; pause < 4; pause++) {
      await settled();
      clock.step();
    }
    await never;
    assert.equal(asked.length, 5);
  });
});
