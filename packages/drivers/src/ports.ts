import { createSocket } from "node:dgram";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Ports that are given away lie here, each a file with the id of the process that has it: tests run side by side, and who
 * is given a port takes it only later.
 */
const TAKEN = join(tmpdir(), "sipmesh-test-ports");
const taken: string[] = [];
process.on("exit", () => {
  for (const file of taken) rmSync(file, { force: true });
});

/**
 * A port of the loopback address that is free for UDP and TCP. No process of the tests is given it again for as long as
 * this one lives.
 */
export async function freePort(): Promise<number> {
  mkdirSync(TAKEN, { recursive: true });
  return await find("a free port", 12_000, 18_000, async (port) => {
    return takesOne(join(TAKEN, String(port))) && (await tcpFree(port)) && (await udpFree(port));
  });
}

/** The first of so many ports in a row that are free for UDP at this moment. */
export async function freePorts(span: number): Promise<number> {
  return await find(`${span} free ports`, 18_000, 30_000 - span, async (port) => {
    for (let next = port; next < port + span; next += 1) if (!(await udpFree(next))) return false;
    return true;
  });
}

/** An even port, below Linux's ephemeral range, so that no outgoing connection takes it in between. */
async function find(what: string, from: number, to: number, isIt: (port: number) => Promise<boolean>): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = from + 2 * Math.floor((Math.random() * (to - from)) / 2);
    if (await isIt(port)) return port;
  }
  throw new Error(`not ${what} between ${from} and ${to}`);
}

function takesOne(file: string): boolean {
  if (isHeld(file)) return false;
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
  } catch {
    return false; // Somebody was faster.
  }
  taken.push(file);
  return true;
}

/** @returns false where nobody has it, any more */
function isHeld(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch {
    rmSync(file, { force: true });
    return false;
  }
}

function udpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}

function tcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
