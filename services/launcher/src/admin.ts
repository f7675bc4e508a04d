import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { toJson } from "./json.ts";

/** What the admin port shows. */
export interface AdminPages {
  /** Whether the process may get work, target by target. */
  ready(): { readonly ok: boolean };
  state(): unknown;
  /** The trace of the call that a request with this Call-ID and From tag began; undefined before the platform runs. */
  traceId(callId: string, fromTag: string): string | undefined;
  metrics(request: IncomingMessage, response: ServerResponse): void;
}

/** Milliseconds and octets. Who is slow with a request must not keep a probe out for longer than it waits. */
const LIMITS = { requestTimeout: 4000, headersTimeout: 2000, connectionsCheckingInterval: 500, maxHeaderSize: 8192 };

/** The admin port: `/live`, `/ready`, `/metrics`, `/state`, `/trace`. It only shows; nothing can be changed through it. */
export class Admin {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    const { address, port } = server.address() as AddressInfo;
    this.url = `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
    this.#server = server;
  }

  /** @throws AdminPortError where the address or port cannot be had */
  static async start(address: string, port: number, pages: AdminPages): Promise<Admin> {
    const server = createServer(LIMITS, (request, response) => {
      try {
        answer(pages, request, response);
      } catch (error) {
        text(response, 500, `${error}\n`);
      }
    });
    server.maxConnections = 100;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(new AdminPortError(address, port, error)));
      server.listen(port, address, () => {
        server.removeAllListeners("error");
        resolve();
      });
    });
    return new Admin(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The admin port cannot be had: says what to do. */
export class AdminPortError extends Error {
  override readonly name = "AdminPortError";

  constructor(address: string, port: number, cause: NodeJS.ErrnoException) {
    const why = cause.code === "EADDRINUSE" ? "another program uses it" : cause.message;
    super(`the admin port ${address}:${port} cannot be opened: ${why}; set another one with SIPMESH_ADMIN_PORT`, {
      cause,
    });
  }
}

type Page = (pages: AdminPages, request: IncomingMessage, response: ServerResponse) => void;

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  [
    "/",
    (_pages, _request, response) =>
      text(response, 200, "/live\n/ready\n/metrics\n/state\n/trace?call-id=…&from-tag=…\n"),
  ],
  ["/live", (_pages, _request, response) => text(response, 200, "live\n")],
  [
    "/ready",
    (pages, _request, response) => {
      const ready = pages.ready();
      json(response, ready.ok ? 200 : 503, ready);
    },
  ],
  ["/metrics", (pages, request, response) => pages.metrics(request, response)],
  [
    "/trace",
    (pages, request, response) => {
      const query = new URL(request.url ?? "/", "http://localhost").searchParams;
      const traceId = pages.traceId(query.get("call-id") ?? "", query.get("from-tag") ?? "");
      json(response, traceId === undefined ? 503 : 200, { traceId });
    },
  ],
  ["/state", (pages, _request, response) => json(response, 200, pages.state())],
]);

function answer(pages: AdminPages, request: IncomingMessage, response: ServerResponse): void {
  const path = URL.parse(request.url ?? "/", "http://localhost")?.pathname;
  const page = PAGES.get(path ?? "");
  if (path === undefined) text(response, 400, "Not a path.\n");
  else if (!knownHost(request.headers.host)) text(response, 403, "Ask by IP address or as localhost.\n");
  else if (request.method !== "GET" && request.method !== "HEAD") text(response, 405, "Only GET.\n");
  else if (page === undefined) text(response, 404, "There are /live, /ready, /metrics, /state and /trace.\n");
  else page(pages, request, response);
}

/**
 * Whether a browser can have been led here by a web page whose name resolves to this host: such a page comes with its
 * own name. Service names inside a cluster have no dot, or end in `.local`.
 */
function knownHost(host: string | undefined): boolean {
  const name = (host ?? "")
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  return isIP(name) !== 0 || !name.includes(".") || name.endsWith(".local") || name.endsWith(".svc");
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(body);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${toJson(body)}\n`);
}
