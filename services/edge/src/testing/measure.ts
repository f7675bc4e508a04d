import { type ChildProcess, fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { requestText, startPlatform } from "./platform.ts";

// Measures what a message costs the edge: in, over the bus of this process, and out again, beside a bare echo.

const MESSAGES = 200_000;
const WINDOW = 64;
const SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n";

/** In a process of its own: keeps some messages under way until all have come back. */
function load(port: number): void {
  const socket = createSocket("udp4");
  let sent = 0;
  let back = 0;
  socket.bind(0, "127.0.0.1", () => {
    const via = `SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bK1;rport`;
    const messages = Array.from({ length: 50 }, (_, i) =>
      Buffer.from(requestText({ method: "INVITE", via, callId: `call-${i}@host`, body: SDP })),
    );
    const send = () => {
      if (sent < MESSAGES) socket.send(messages[sent++ % messages.length] as Buffer, port, "127.0.0.1");
    };
    socket.on("message", () => {
      back += 1;
      send();
      if (back < MESSAGES) return;
      process.send?.("done");
      process.disconnect?.();
      socket.close();
    });
    for (let i = 0; i < WINDOW; i += 1) send();
  });
}

async function measure(name: string, port: number): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    const child: ChildProcess = fork(import.meta.filename, [String(port)]);
    const before = process.cpuUsage();
    await once(child, "message");
    const { user, system } = process.cpuUsage(before);
    console.log(`${name}: ${((user + system) / MESSAGES).toFixed(1)} µs for each message in and out`);
  }
}

async function main(): Promise<void> {
  const echo = createSocket("udp4");
  echo.on("message", (bytes, from) => echo.send(bytes, from.port, from.address));
  echo.bind(0, "127.0.0.1");
  await once(echo, "listening");
  await measure("bare dgram", echo.address().port);
  echo.close();
  // It is to be busy.
  const platform = await startPlatform({ overload: { delay: 0 } });
  platform.owner = "echo";
  platform.bus.subscribe("sipmesh.transaction.echo", (envelope) => {
    // Its own OPTIONS would go round for ever.
    if (envelope.kind !== "inbound" || envelope.flow.remote.port === platform.port("udp")) return;
    platform.publish({ raw: envelope.raw, flow: envelope.flow });
  });
  await measure("edge", platform.port("udp"));
  await platform.stop();
}

const port = process.argv[2];
if (port === undefined) await main();
else load(Number(port));
