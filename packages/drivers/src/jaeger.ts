import { freePort } from "./ports.ts";
import { type Program, startProgram } from "./program.ts";

/** One span as Jaeger's query API gives it. */
export interface JaegerSpan {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  /** `timestamp`: microseconds since the epoch, as are the span's own times. */
  readonly logs: readonly {
    readonly timestamp: number;
    readonly fields: readonly { readonly key: string; readonly value: unknown }[];
  }[];
  readonly processID: string;
  readonly startTime: number;
  readonly duration: number;
}

/** A process that has sent spans; the tags are its resource's attributes. */
export interface JaegerProcess {
  readonly serviceName: string;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}

export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  /** By the spans' `processID`. */
  readonly processes: Readonly<Record<string, JaegerProcess>>;
}

/** What a process says of itself: "k8s.pod.name"; undefined where it does not. */
export function attributeOf(process: JaegerProcess | undefined, key: string): string | undefined {
  const value = process?.tags.find((tag) => tag.key === key)?.value;
  return value === undefined ? undefined : String(value);
}

/** The first process of a service that has a span in a trace. */
export function processOf({ processes }: JaegerTrace, service: string): JaegerProcess | undefined {
  return Object.values(processes).find(({ serviceName }) => serviceName === service);
}

/** A real Jaeger: spans go in by OTLP over HTTP, and are asked for over its query API. */
export class Jaeger {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly #query: string;
  readonly #program: Program;

  private constructor(endpoint: string, query: string, program: Program) {
    this.endpoint = endpoint;
    this.#query = query;
    this.#program = program;
  }

  static async start(): Promise<Jaeger> {
    const ports: number[] = [];
    for (let n = 0; n < 9; n += 1) ports.push(await freePort());
    const [http, grpc, query, queryGrpc, admin, collectorHttp, collectorGrpc, sampling, agent] = ports;
    const on = (port: number | undefined) => `127.0.0.1:${port}`;
    const program = await startProgram({
      command: "jaeger",
      args: [
        `--collector.otlp.http.host-port=${on(http)}`,
        `--collector.otlp.grpc.host-port=${on(grpc)}`,
        `--query.http-server.host-port=${on(query)}`,
        `--query.grpc-server.host-port=${on(queryGrpc)}`,
        `--admin.http.host-port=${on(admin)}`,
        `--collector.http-server.host-port=${on(collectorHttp)}`,
        `--collector.grpc-server.host-port=${on(collectorGrpc)}`,
        `--http-server.host-port=${on(sampling)}`,
        `--processor.jaeger-compact.server-host-port=${on(agent)}`,
        `--processor.jaeger-binary.server-host-port=${on(await freePort())}`,
        `--processor.zipkin-compact.server-host-port=${on(await freePort())}`,
      ],
      env: { SPAN_STORAGE_TYPE: "memory" },
      ready: /Query server started|"Everything is ready|Starting HTTP server.*query|Health Check state change.*ready/,
      patience: 30_000,
    });
    return new Jaeger(`http://${on(http)}`, `http://${on(query)}`, program);
  }

  /** The traces that hold a span with these tags, as a person would search for them. */
  async find(service: string, tags: Readonly<Record<string, string>>): Promise<readonly JaegerTrace[]> {
    const search = new URLSearchParams({ service, tags: JSON.stringify(tags), lookback: "1h", limit: "20" });
    const answer = await fetch(`${this.#query}/api/traces?${search}`, { signal: AbortSignal.timeout(5_000) });
    const { data } = (await answer.json()) as { data: readonly JaegerTrace[] | null };
    return data ?? [];
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }
}
