// What the chart's values may be. What they mean stands above their keys in values.yaml.

export type Schema = { readonly [key: string]: unknown; readonly properties?: Readonly<Record<string, Schema>> };

const text: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const anyMap: Schema = { type: "object" };
const texts: Schema = { type: "object", additionalProperties: { type: "string" } };
const list = (items: Schema): Schema => ({ type: "array", items });
const whole = (minimum: number, maximum: number): Schema => ({ type: "integer", minimum, maximum });
const orNull = (schema: Schema): Schema => ({ ...schema, type: [schema.type, "null"] });
const orEmpty = (schema: Schema): Schema => ({ ...schema, pattern: `${schema.pattern}|^$` });
const oneOf = (...values: readonly (string | number)[]): Schema => ({ enum: values });
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: "object",
  additionalProperties: false,
  properties,
});

const port = whole(1, 65_535);
const address: Schema = { type: "string", pattern: "^([0-9]+(\\.[0-9]+){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)?$" };
const range = object({ first: port, last: port });
const pull = oneOf("Always", "IfNotPresent", "Never");

const podSettings: Readonly<Record<string, Schema>> = {
  annotations: texts,
  labels: texts,
  extraEnv: list(anyMap),
  nodeSelector: texts,
  deadNodeSeconds: orNull(whole(0, 3600)),
  minReadySeconds: whole(0, 600),
  tolerations: list(anyMap),
  affinity: anyMap,
  topologySpreadConstraints: list(anyMap),
  priorityClassName: text,
  resources: anyMap,
};
/** The keys of `pods`, none of which must be there. */
const pod: Schema = { type: "object", additionalProperties: false, properties: podSettings, documentedIn: "pods" };
const replicas = whole(0, 1000);
const stateless = object({ replicas, pod });
const transport = object({
  enabled: flag,
  port,
  nodePort: orNull(port),
  advertiseAddress: address,
  advertisePort: orNull(port),
  annotations: texts,
  loadBalancerIP: address,
});
const hostPorts = object({ admin: port, rpc: port });
/** What is scaled, by measures of which each may be null. */
const scaled = (...measures: readonly string[]) =>
  object({
    enabled: flag,
    minReplicas: whole(1, 1000),
    maxReplicas: whole(1, 1000),
    ...Object.fromEntries(measures.map((name) => [name, orNull(whole(1, 10_000_000))])),
    queueDelay: orNull(whole(1, 60_000)),
    cpu: { type: "string", pattern: "^[0-9]+m?$" },
  });
const image = object({ registry: text, repository: text, tag: text, pullPolicy: pull });

/** Sections of the configuration that are the operator's; the others belong to the installation. */
const SECTIONS = ["log", "trace", "edge", "transaction", "location", "routing", "directory", "media", "autoscaler"];

/** The schema of values.yaml, without its words. */
export function valuesSchema(sections: Readonly<Record<string, object>>): Schema {
  const config = Object.fromEntries(SECTIONS.map((name) => [name, sections[name] as Schema]));
  const sentBy = config.transaction?.properties?.sentBy as Schema;
  return object({
    nameOverride: text,
    fullnameOverride: text,
    global: anyMap,
    image: object({ ...image.properties, pullSecrets: list(object({ name: text })) }),
    config: { ...object(config), documentedIn: "docs/reference/configuration.md" },
    tls: object({
      enabled: flag,
      existingSecret: text,
      certManager: object({ enabled: flag, issuerRef: anyMap }),
      days: whole(1, 825),
      authorityDays: whole(30, 36_500),
      schedule: text,
    }),
    pods: object(podSettings),
    edge: object({
      network: oneOf("service", "hostNetwork"),
      name: orEmpty(sentBy),
      replicas,
      gracePeriod: orNull(whole(0, 86_400)),
      udp: transport,
      tcp: transport,
      service: object({
        type: oneOf("LoadBalancer", "NodePort", "ClusterIP"),
        loadBalancerClass: text,
        loadBalancerSourceRanges: list(text),
      }),
      hostPorts,
      pod,
    }),
    transaction: stateless,
    location: stateless,
    routing: stateless,
    directory: object({ replicas, existingSecret: text, pod }),
    media: object({
      network: oneOf("hostNetwork", "pod"),
      replicas,
      slots: whole(1, 8),
      advertise: { type: "string", pattern: `${address.pattern}|^hostIP$` },
      leave: oneOf("", "hand-over", "wait"),
      gracePeriod: whole(0, 86_400),
      rtp: object({ first: whole(1024, 65_535), last: whole(1024, 65_535) }),
      hostPorts,
      pod,
    }),
    nats: object({
      servers: list({ type: "string", pattern: "^(nats|tls)://[^\\s@]+$" }),
      existingSecret: text,
      tls: object({ existingSecret: text, name: text, clientCertificate: flag, first: flag }),
      keep: { enum: [null, 1, 3, 5] },
      replicas: oneOf(1, 3),
      image,
      storage: object({ size: text, className: text }),
      resources: anyMap,
      pod,
    }),
    jaeger: object({ enabled: flag, maxTraces: whole(100, 10_000_000), image, resources: anyMap, pod }),
    nodes: object({ nodePorts: range, ephemeralPorts: range }),
    autoscaling: object({
      enabled: flag,
      metrics: oneOf("own", "keda", "prometheus", "cpu"),
      handOver: flag,
      behavior: anyMap,
      transaction: scaled("callsPerSecond", "callsInProgress"),
      edge: scaled("messagesPerSecond"),
      routing: scaled("requestsPerSecond"),
      location: scaled("requestsPerSecond"),
      directory: scaled("requestsPerSecond"),
    }),
    autoscaler: stateless,
    controller: stateless,
    podDisruptionBudget: object({ enabled: flag }),
    metrics: object({
      service: object({ enabled: flag }),
      serviceMonitor: object({
        enabled: orNull(flag),
        interval: { type: "string", pattern: "^[0-9]+(ms|s|m)$" },
        labels: texts,
      }),
      prometheusRule: object({ enabled: orNull(flag), labels: texts }),
      dashboard: object({ enabled: flag, labels: texts, annotations: texts }),
    }),
    networkPolicy: object({
      enabled: flag,
      nodeCidrs: list({ type: "string", pattern: "^[0-9A-Fa-f:.]+/[0-9]{1,3}$" }),
      metricsFrom: list(anyMap),
      jaegerFrom: list(anyMap),
    }),
  });
}
