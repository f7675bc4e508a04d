import type { Clock } from "@sipmesh/environment";
import type { Telemetry } from "@sipmesh/telemetry";
import { Access } from "./access.ts";
import { answerApi } from "./api.ts";
import type { AutoscalerConfig, ServingConfig } from "./config.ts";
import type { Source } from "./external-metrics.ts";
import { Keeper } from "./keeper.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { AggregatedServer } from "./server.ts";
import * as catalogue from "./telemetry.ts";

const DAY = 86_400_000;

export interface ServingOptions {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly source: Source;
  readonly config: AutoscalerConfig;
  readonly names: ServingConfig;
  readonly failed: (what: catalogue.Failure) => (error: unknown) => void;
}

/** Serves external.metrics.k8s.io: the server, and what keeps its certificate and the APIService as they should be. */
export class Serving {
  readonly #keeper: Keeper;
  #server: AggregatedServer | undefined;
  #stopped = false;

  constructor({ kubernetes, clock, telemetry, source, config, names, failed }: ServingOptions) {
    const { metrics, log } = telemetry;
    const access = new Access(kubernetes, clock);
    const { namespace, service, secret, clusterRole } = names;
    const { address, port, servicePort, window, certificate } = config;
    const api = {
      namespace,
      source,
      window,
      allowed: access.allowed.bind(access),
      failed: failed("access"),
    };
    const requests = metrics.counter(catalogue.requests);
    const server = {
      address,
      port,
      answer: (request: Parameters<typeof answerApi>[0]) => answerApi(request, api),
      answered: (status: number) => requests.with({ status: String(status) }).add(),
      failed: failed("serve"),
    };
    this.#keeper = new Keeper({
      kubernetes,
      clock,
      namespace,
      service,
      servicePort,
      secret,
      clusterRole,
      lifetimes: { lifetime: certificate.days * DAY, authorityLifetime: certificate.authorityDays * DAY },
      changed: async ({ shown }, proxy) => {
        if (this.#stopped) return;
        if (this.#server !== undefined) this.#server.renew(shown, proxy);
        else {
          this.#server = await AggregatedServer.start(server, shown, proxy);
          log.info({ port: this.#server.port }, "serving external.metrics.k8s.io");
          if (this.#stopped) await this.#server.stop();
        }
      },
      failed: failed("keep"),
    });
    metrics.gauge(catalogue.certificateSeconds, () => {
      const until = this.#keeper.goodUntil;
      return until === undefined ? [] : (until - clock.now()) / 1000;
    });
  }

  /** Why the API cannot be served now; "": it can. */
  get problem(): string {
    return this.#keeper.problem;
  }

  /** Undefined before it listens. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#keeper.stop();
    await this.#server?.stop();
  }
}
