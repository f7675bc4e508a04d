import assert from "node:assert/strict";
import { test } from "node:test";
import { readCommand } from "./options.ts";

test("Without options everything runs", () => {
  assert.deepEqual(readCommand([]), { do: "run", targets: "all" });
});

test("Targets and a configuration file are taken", () => {
  assert.deepEqual(readCommand(["--target=edge,transaction", "--config", "a.yaml"]), {
    do: "run",
    targets: "edge,transaction",
    config: "a.yaml",
  });
});

test("What only asks does not run", () => {
  assert.equal(readCommand(["--print-config"]).do, "print-config");
  assert.equal(readCommand(["--verify-config", "--config=a"]).do, "verify-config");
  assert.equal(readCommand(["--list-targets"]).do, "list-targets");
  assert.equal(readCommand(["-h"]).do, "help");
});

test("An unknown option is complained about", () => {
  const command = readCommand(["--targets=edge"]);
  assert.equal(command.do, "complain");
  assert.match(command.do === "complain" ? command.about : "", /--targets/);
});
