import { isIPv6 } from "node:net";
import type { Address } from "@sipmesh/sip";
import type { Foreign } from "./foreign.ts";
import type { UdpOptions } from "./network.ts";
import { INET, INET6, type SocketAddresses, WORDS } from "./socket-address.ts";
import { SOCKET_BUFFER } from "./socket-buffer.ts";

/** What Linux calls these, on each of the architectures that we run on. */
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
export const SO_ERROR = 4;
export const SO_RCVBUF = 8;
export const EINTR = 4;
export const EBADF = 9;
export const EAGAIN = 11;

export const familyOf = (address: string) => (isIPv6(address) ? INET6 : INET);

/** A bound UDP socket as the system's number; undefined where the system refuses it. */
export function openDescriptor(
  { functions }: Foreign,
  addresses: SocketAddresses,
  { address, port, buffer = SOCKET_BUFFER }: UdpOptions,
): number | undefined {
  const family = familyOf(address);
  const name = new Uint32Array(WORDS);
  const size = addresses.write(name, 0, family, address, port);
  if (size === 0) return undefined;
  const descriptor = functions.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return undefined;
  const set = (level: number, option: number, value: number) =>
    functions.setsockopt(descriptor, level, option, Uint32Array.of(value), 4);
  // The system grants no more buffer than it may.
  set(SOL_SOCKET, SO_RCVBUF, buffer);
  set(SOL_SOCKET, SO_SNDBUF, buffer);
  if (family === INET6) set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (functions.bind(descriptor, name, size) === 0 && hasBatches(functions, descriptor)) return descriptor;
  functions.close(descriptor);
  return undefined;
}

/** A kernel or a filter of system calls may have none: found out by a batch of nothing. */
function hasBatches({ recvmmsg, sendmmsg }: Foreign["functions"], descriptor: number): boolean {
  return recvmmsg(descriptor, 0n, 0, 0, 0n) === 0 && sendmmsg(descriptor, 0n, 0, 0) === 0;
}

/** The address that a socket is bound to. */
export function addressOf({ functions }: Foreign, addresses: SocketAddresses, descriptor: number): Address {
  const name = new Uint32Array(WORDS);
  if (functions.getsockname(descriptor, name, Uint32Array.of(4 * WORDS)) !== 0) throw new Error("getsockname failed");
  return addresses.read(name, 0);
}

/** An option of a socket, of those that are numbers. */
export function optionOf({ functions }: Foreign, descriptor: number, option: number): number {
  const value = Uint32Array.of(0);
  functions.getsockopt(descriptor, SOL_SOCKET, option, value, Uint32Array.of(4));
  return value[0] ?? 0;
}
