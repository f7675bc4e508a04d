/** Why a socket could not be bound. */
export type BindProblem = "address-in-use" | "address-not-available" | "not-permitted" | "failed";

const PROBLEMS: Readonly<Record<string, BindProblem>> = {
  EADDRINUSE: "address-in-use",
  EADDRNOTAVAIL: "address-not-available",
  EACCES: "not-permitted",
  EPERM: "not-permitted",
};

const SENTENCES: Readonly<Record<BindProblem, string>> = {
  "address-in-use": "another program uses that address and port; stop it or configure another port",
  "address-not-available": "this host has no such address",
  "not-permitted": "the system does not permit it; ports below 1024 may need a privilege",
  failed: "the system refused",
};

/** A socket could not be bound: names the transport, the address, the port, and what to do. */
export class BindError extends Error {
  readonly code: BindProblem;
  readonly transport: "udp" | "tcp";
  readonly address: string;
  readonly port: number;

  constructor(transport: "udp" | "tcp", address: string, port: number, cause: unknown) {
    const code = PROBLEMS[(cause as NodeJS.ErrnoException).code ?? ""] ?? "failed";
    const where = address.includes(":") ? `[${address}]` : address;
    super(`cannot listen on ${transport} ${where}:${port}: ${SENTENCES[code]}`, { cause });
    this.name = "BindError";
    this.code = code;
    this.transport = transport;
    this.address = address;
    this.port = port;
  }
}
