import { findMetric, GROUP, GROUP_VERSION, METRICS, type Source, VERSION } from "./external-metrics.ts";
import type { Asker } from "./front-proxy.ts";
import type { Wish } from "./kubernetes.ts";
import { readSelector, type Selector, SelectorError } from "./selector.ts";

/** A request that came from the aggregator. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Undefined: it did not say for whom it asks. */
  readonly asker: Asker | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  /** A Kubernetes object. */
  readonly body: object;
}

export interface ApiOptions {
  readonly namespace: string;
  readonly source: Source;
  /** Seconds over which rates are taken. */
  readonly window: number;
  /** Rejects where that cannot be found out. */
  readonly allowed: (asker: Asker, wish: Wish) => Promise<boolean>;
  /** Told what went wrong on our side. */
  readonly failed: (error: unknown) => void;
}

/** `Status.reason` of Kubernetes, by the HTTP status. */
const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  503: "ServiceUnavailable",
};

const version = { groupVersion: GROUP_VERSION, version: VERSION };
const group = { name: GROUP, versions: [version], preferredVersion: version };

/** What clients discover, by path. */
const DISCOVERY: ReadonlyMap<string, object> = new Map<string, object>([
  ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups: [group] }],
  [`/apis/${GROUP}`, { kind: "APIGroup", apiVersion: "v1", ...group }],
  [
    `/apis/${GROUP_VERSION}`,
    {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: GROUP_VERSION,
      resources: [...METRICS.keys()].map((name) => ({
        name,
        singularName: "",
        namespaced: true,
        kind: "ExternalMetricValueList",
        verbs: ["get", "list"],
      })),
    },
  ],
]);

const VALUES = new RegExp(`^/apis/${GROUP_VERSION}/namespaces/([^/]+)/([^/]+)$`);

/** Answers external.metrics.k8s.io/v1beta1: discovery, and the values of a metric in the platform's namespace. */
export async function answerApi(request: ApiRequest, options: ApiOptions): Promise<ApiAnswer> {
  const { method, asker } = request;
  const url = URL.parse(request.url, "https://localhost");
  if (url === null) return refusal(400, "not a path");
  if (asker === undefined) return refusal(401, "only the API server's aggregator is answered");
  if (method !== "GET" || isSet(url, "watch")) return refusal(405, "values can be read, and nothing else");
  // Not a question of rights: while one API cannot be discovered no namespace of the cluster can be deleted.
  const discovered = DISCOVERY.get(url.pathname.replace(/(?<=.)\/$/, ""));
  if (discovered !== undefined) return { status: 200, body: discovered };
  const [, namespace, metric] = VALUES.exec(url.pathname) ?? [];
  const wish: Wish =
    namespace === undefined || metric === undefined
      ? { verb: "get", path: url.pathname }
      : { verb: "list", namespace, resource: metric };
  const refused = await mayNot(asker, wish, options);
  if (refused !== undefined) return refused;
  if (namespace === undefined || metric === undefined) return refusal(404, `there is no ${url.pathname}`);
  return values(namespace, metric, url.searchParams.get("labelSelector") ?? "", options);
}

function isSet(url: URL, parameter: string): boolean {
  return !["", "0", "false", null].includes(url.searchParams.get(parameter));
}

async function mayNot(asker: Asker, wish: Wish, { allowed, failed }: ApiOptions): Promise<ApiAnswer | undefined> {
  try {
    if (await allowed(asker, wish)) return undefined;
  } catch (error) {
    failed(error);
    return refusal(503, `the API server does not say whether ${asker.user} may do this`);
  }
  const what = "path" in wish ? wish.path : `${wish.resource}.${GROUP} in the namespace ${wish.namespace}`;
  return refusal(403, `${asker.user} may not ${wish.verb} ${what}`);
}

function values(namespace: string, metric: string, text: string, options: ApiOptions): ApiAnswer {
  if (namespace !== options.namespace) {
    return refusal(404, `the load in the namespace ${options.namespace} is told here, and not that in ${namespace}`);
  }
  let selects: Selector;
  try {
    selects = readSelector(text);
  } catch (error) {
    if (error instanceof SelectorError) return refusal(400, error.message);
    throw error;
  }
  const found = findMetric(metric, selects, options.source, options.window);
  if (found.found === "nothing") return refusal(404, found.reason);
  if (found.found === "unknown") return refusal(503, found.reason);
  const items = found.values;
  return { status: 200, body: { kind: "ExternalMetricValueList", apiVersion: GROUP_VERSION, metadata: {}, items } };
}

/** A Status of Kubernetes. */
export function refusal(code: number, message: string): ApiAnswer {
  const reason = REASONS[code] ?? "InternalError";
  return {
    status: code,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code },
  };
}
