import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { type ApiAnswer, type ApiRequest, refusal } from "./api.ts";
import { askerOf, type FrontProxy } from "./front-proxy.ts";

/** Milliseconds and octets: the aggregator asks small questions at once. */
const LIMITS = {
  requestTimeout: 10_000,
  headersTimeout: 5000,
  handshakeTimeout: 5000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 120_000,
  maxHeaderSize: 32_768,
};
const MOST_CONNECTIONS = 200;

/** What the server shows: a certificate and its key, PEM. */
export interface Shown {
  readonly certificate: string;
  readonly key: string;
}

export interface ServerOptions {
  /** Undefined: all addresses. */
  readonly address: string | undefined;
  readonly port: number;
  readonly answer: (request: ApiRequest) => Promise<ApiAnswer>;
  /** Told the status of each answer. */
  readonly answered: (status: number) => void;
  readonly failed: (error: unknown) => void;
}

/** HTTPS for the API server's aggregator: who has no certificate of its authority does not get past the handshake. */
export class AggregatedServer {
  readonly #o: ServerOptions;
  readonly #server: Server;
  #proxy: FrontProxy;

  private constructor(options: ServerOptions, shown: Shown, proxy: FrontProxy) {
    this.#o = options;
    this.#proxy = proxy;
    this.#server = createServer(
      { ...LIMITS, ...contextOf(shown, proxy), requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" },
      (request, response) => void this.#take(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** Rejects where address and port cannot be had. */
  static async start(options: ServerOptions, shown: Shown, proxy: FrontProxy): Promise<AggregatedServer> {
    const started = new AggregatedServer(options, shown, proxy);
    const server = started.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.address, () => {
        server.off("error", reject);
        server.on("error", options.failed);
        resolve();
      });
    });
    return started;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Shows another certificate, and trusts another authority, from the next connection on. */
  renew(shown: Shown, proxy: FrontProxy): void {
    this.#server.setSecureContext({ ...contextOf(shown, proxy), minVersion: "TLSv1.2" });
    this.#proxy = proxy;
    this.#server.closeIdleConnections();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await this.#answer(request);
    this.#o.answered(status);
    // What is to be read was read: questions have no body.
    request.resume();
    const text = `${JSON.stringify(body)}\n`;
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      "cache-control": "no-store",
    });
    response.end(text);
  }

  async #answer(request: IncomingMessage): Promise<ApiAnswer> {
    try {
      const commonName = (request.socket as TLSSocket).getPeerCertificate().subject?.CN;
      const names = [commonName].flat();
      const asker = askerOf(this.#proxy, names.length === 1 ? names[0] : undefined, request.headersDistinct);
      return await this.#o.answer({ method: request.method ?? "", url: request.url ?? "", asker });
    } catch (error) {
      this.#o.failed(error);
      return refusal(500, "the autoscaler could not work this out; its log says why");
    }
  }
}

function contextOf(shown: Shown, proxy: FrontProxy) {
  return { cert: shown.certificate, key: shown.key, ca: proxy.authority };
}
