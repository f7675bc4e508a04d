// A worker that plays both sides of many calls: two sockets, told apart by the relay's ports.
import { createSocket, type Socket } from "node:dgram";
import { setTimeout as pause } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import type { GeneratorReport, GeneratorTask } from "./relay.ts";

const PACKET_INTERVAL = 20;
let received = 0;

const caller = await opened();
const callee = await opened();
parentPort?.postMessage({ caller: caller.address().port, callee: callee.address().port });
parentPort?.on("message", async (task: GeneratorTask) => parentPort?.postMessage(await play(task)));

function opened(): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = createSocket({
      type: "udp4",
      recvBufferSize: 4_194_304,
      sendBufferSize: 4_194_304,
      lookup: literal,
    });
    socket.on("message", () => {
      received += 1;
    });
    socket.bind(0, "127.0.0.1", () => resolve(socket));
  });
}

function literal(host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, 4);
}

async function play({ ports, seconds }: GeneratorTask): Promise<GeneratorReport> {
  received = 0;
  let sent = 0;
  const packet = Buffer.alloc(172);
  packet[0] = 0x80;
  packet.writeUInt32BE(0x51_9e_57, 8);
  const start = performance.now();
  const rounds = (seconds * 1_000) / PACKET_INTERVAL;
  // Each call sends at its own place within the 20 ms, so that the load is even.
  for (let turn = 0; turn < rounds * ports.length; ) {
    const due = ((performance.now() - start) / PACKET_INTERVAL) * ports.length;
    for (; turn < Math.min(due, rounds * ports.length); turn += 1) {
      const call = ports[turn % ports.length];
      const round = Math.floor(turn / ports.length);
      if (call === undefined) continue;
      packet.writeUInt16BE(round & 0xffff, 2);
      packet.writeUInt32BE(round * 160, 4);
      caller.send(packet, call.callerSendsTo, "127.0.0.1");
      callee.send(packet, call.calleeSendsTo, "127.0.0.1");
      sent += 2;
    }
    await pause(1);
  }
  await pause(500);
  return { sent, received };
}
