import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryBus } from "@sipmesh/bus";
import { VirtualClock } from "@sipmesh/environment/testing";
import { counted } from "./counted.ts";
import { decodeReport, encodeReport, LOAD_SUBJECT, type Load, type LoadReport } from "./load.ts";
import { LoadTable } from "./load-table.ts";
import { LoadTeller } from "./load-teller.ts";

const report = (over: Partial<LoadReport> = {}): LoadReport => ({
  instance: "transaction-1",
  pod: "sipmesh-transaction-abc",
  node: "node-1",
  at: 1000,
  delay: { mean: 0.5, longest: 3 },
  targets: { transaction: { work: "calls", begun: 7, inProgress: 2 } },
  ...over,
});

function run(clock: VirtualClock, milliseconds: number): void {
  const end = clock.elapsed + milliseconds;
  while ((clock.next ?? end + 1) <= end) clock.step();
  clock.advanceTo(end);
}

describe("A load report", () => {
  it("is read as it was written", () => {
    assert.deepEqual(decodeReport(encodeReport(report())), report());
  });

  const broken: readonly (readonly [string, object | string])[] = [
    ["no JSON", "load"],
    ["nothing", "null"],
    [
      "a counter that is no number",
      report({ targets: { edge: { work: "messages", begun: "7" as unknown as number } } }),
    ],
    ["a negative counter", report({ targets: { edge: { work: "messages", begun: -1 } } })],
    ["work that nobody knows", report({ targets: { edge: { work: "fun" as "calls", begun: 1 } } })],
    ["a name without end", report({ instance: "x".repeat(300) })],
    ["no targets", { ...report(), targets: undefined }],
    [
      "more targets than there are",
      report({
        targets: Object.fromEntries(
          Array.from({ length: 40 }, (_, i) => [`t${i}`, { work: "calls", begun: 1 } as Load]),
        ),
      }),
    ],
    ["more than a report takes", report({ node: "n", targets: { ["x".repeat(9000)]: { work: "calls", begun: 1 } } })],
  ];
  for (const [what, text] of broken) {
    it(`is refused: ${what}`, () => {
      const payload = Buffer.from(typeof text === "string" ? text : JSON.stringify(text));
      assert.throws(() => decodeReport(payload));
    });
  }
});

describe("Telling the load", () => {
  it("a process tells about once a second what its services have to do, and how late its timers run", () => {
    const clock = new VirtualClock();
    const bus = memoryBus();
    const told: LoadReport[] = [];
    bus.listen(LOAD_SUBJECT, (payload) => void told.push(decodeReport(payload)));
    let begun = 0;
    const self = { instance: "edge-1", pod: "edge-abc", node: "node-1" };
    const loads = () => ({ edge: { work: "messages", begun } as const });
    const teller = new LoadTeller({ bus, clock, self, loads, failed: (error) => assert.fail(String(error)) });
    run(clock, 950);
    assert.equal(told.length, 0);
    begun = 5;
    run(clock, 100);
    assert.equal(told.length, 1);
    const { at, ...first } = told[0] as LoadReport;
    assert.equal(typeof at, "number");
    assert.deepEqual(first, {
      ...self,
      delay: { mean: 0, longest: 0 },
      targets: { edge: { work: "messages", begun: 5 } },
    });
    // The event loop stands still for 300 ms: one timer of ten runs that late.
    clock.advanceTo(clock.elapsed + 350);
    run(clock, 1000);
    assert.ok((told[1]?.delay.longest ?? 0) >= 250, JSON.stringify(told[1]));
    assert.ok((told[1]?.delay.mean ?? 0) > 10);
    teller.stop();
    assert.equal(clock.timers, 0);
  });

  it("a service that cannot tell its load is reported and stops nothing", () => {
    const clock = new VirtualClock();
    const errors: unknown[] = [];
    const loads = () => {
      throw new Error("broken");
    };
    const self = { instance: "edge-1", node: "node-1" };
    const teller = new LoadTeller({ bus: memoryBus(), clock, self, loads, failed: (error) => errors.push(error) });
    run(clock, 2500);
    assert.equal(errors.length, 2);
    teller.stop();
  });

  it("the requests of a service are counted when they begin", async () => {
    const { handlers, load } = counted<{ ask: never }>({
      ask: () => {
        throw new Error("no answer");
      },
    });
    const ask = handlers.ask as unknown as () => never;
    assert.throws(ask);
    assert.throws(ask);
    assert.deepEqual(load(), { work: "requests", begun: 2 });
  });
});

describe("The table of loads", () => {
  function table(window = 10_000) {
    const clock = new VirtualClock();
    const bus = memoryBus();
    const errors: unknown[] = [];
    const heard = new LoadTable({ bus, clock, window, failed: (error) => errors.push(error) });
    const tell = (one: LoadReport) => bus.signal(LOAD_SUBJECT, encodeReport(one));
    return { clock, bus, heard, tell, errors };
  }

  it("keeps what was told over the window, and one from before it", () => {
    const { clock, heard, tell } = table(3000);
    for (let second = 0; second < 20; second++) {
      tell(report({ at: second * 1000 }));
      clock.advanceTo(clock.elapsed + 1000);
    }
    const ats = heard.of("transaction-1").map(({ report: { at } }) => at / 1000);
    assert.deepEqual(ats, [16, 17, 18, 19]);
  });

  it("does not grow with who tells too often, and takes no report twice", () => {
    const { clock, heard, tell } = table();
    for (let i = 0; i < 500; i++) {
      tell(report({ at: i }));
      tell(report({ at: i }));
      clock.advanceTo(clock.elapsed + 1);
    }
    assert.ok(heard.of("transaction-1").length <= 3);
    assert.equal(heard.of("transaction-1").at(-1)?.report.at, 499);
  });

  it("forgets who is silent for a minute", () => {
    const { clock, heard, tell } = table();
    tell(report());
    assert.equal(heard.latest().length, 1);
    clock.advanceTo(60_000);
    assert.equal(heard.latest().length, 0);
    assert.equal(heard.size, 0);
  });

  it("is bounded: who comes when it is full is reported, and comes in when another is forgotten", () => {
    const { clock, heard, tell, errors } = table();
    for (let i = 0; i < 4100; i++) tell(report({ instance: `edge-${i}` }));
    assert.equal(heard.size, 4096);
    assert.equal(errors.length, 4);
    clock.advanceTo(60_000);
    tell(report({ instance: "edge-4100" }));
    assert.deepEqual(
      heard.latest().map(({ instance }) => instance),
      ["edge-4100"],
    );
  });

  it("reports what it cannot read, and goes on", () => {
    const { bus, heard, tell, errors } = table();
    bus.signal(LOAD_SUBJECT, Buffer.from("{"));
    tell(report());
    assert.equal(errors.length, 1);
    assert.equal(heard.size, 1);
    heard.close();
    tell(report({ instance: "edge-2" }));
    assert.equal(heard.size, 1);
  });
});
