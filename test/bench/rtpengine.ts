import { createSocket, type Socket } from "node:dgram";
import { setTimeout as pause } from "node:timers/promises";
import { Program } from "@sipmesh/drivers";
import type { RelayPeer } from "./relay.ts";

const CONTROL_PORT = 22_223;

/** rtpengine in user space, steered over its "ng" protocol (bencode over UDP). */
export async function startRtpengine(): Promise<RelayPeer> {
  const program = new Program({
    command: "rtpengine",
    args: [
      "--interface=127.0.0.1",
      `--listen-ng=127.0.0.1:${CONTROL_PORT}`,
      "--table=-1",
      "--foreground",
      "--log-stderr",
      "--log-level=3",
      "--port-min=40000",
      "--port-max=48000",
      "--num-threads=2",
    ],
  });
  await pause(1_500);
  if (!program.running) throw new Error(`rtpengine did not start:\n${program.output.slice(-2_000)}`);
  const control = createSocket("udp4");
  await new Promise<void>((resolve) => control.connect(CONTROL_PORT, "127.0.0.1", resolve));
  return {
    name: "rtpengine",
    pids: [program.pid],
    async session(number, callerPort, calleePort) {
      const call = `call${number}`;
      const offered = await ask(control, {
        command: "offer",
        "call-id": call,
        "from-tag": "a",
        sdp: description(callerPort),
      });
      const towardCallee = portOf(offered);
      const answered = await ask(control, {
        command: "answer",
        "call-id": call,
        "from-tag": "a",
        "to-tag": "b",
        sdp: description(calleePort),
      });
      return { callerSendsTo: portOf(answered), calleeSendsTo: towardCallee };
    },
    async stop() {
      control.close();
      await program.stop();
    },
  };
}

/** One audio stream of the loopback address. */
export function description(port: number): string {
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${port} RTP/AVP 0`,
    "a=rtpmap:0 PCMU/8000",
    "a=sendrecv",
    "",
  ].join("\r\n");
}

export function portOf(sdp: string): number {
  const port = sdp.match(/m=audio (\d+)/)?.[1];
  if (port === undefined) throw new Error(`no audio port in ${sdp}`);
  return Number(port);
}

let cookies = 0;

function ask(control: Socket, request: Record<string, string>): Promise<string> {
  cookies += 1;
  const cookie = `c${cookies}`;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("rtpengine did not answer")), 3_000);
    control.once("message", (message) => {
      clearTimeout(timer);
      resolve(message.toString("latin1"));
    });
    const keys = Object.keys(request).sort();
    control.send(`${cookie} d${keys.map((key) => `${string(key)}${string(request[key] ?? "")}`).join("")}e`);
  });
}

const string = (text: string) => `${Buffer.byteLength(text)}:${text}`;
