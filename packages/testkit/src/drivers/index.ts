export { Baresip, type BaresipOptions } from "./baresip.ts";
export { Linphone, type LinphoneOptions } from "./linphone.ts";
export { NattedNetwork, UDP_TIMEOUT } from "./natted-network.ts";
export { freePort } from "./ports.ts";
export { Program, type ProgramOptions, runProgram, startProgram } from "./program.ts";
export { Sipp, type SippCounts, type SippOptions } from "./sipp.ts";
export { listen, type Recording, writeTone } from "./tone.ts";
export { Capture, type CaptureOptions } from "./tshark.ts";
