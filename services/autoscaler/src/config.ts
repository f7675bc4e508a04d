import { section } from "@sipmesh/config";
import { z } from "zod";

/** RFC 1123, as Kubernetes names namespaces, Services and Secrets. */
const name = z.string().regex(/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/, "a name of Kubernetes: a-z, 0-9, - and .");
const days = (most: number) => z.number().int().min(1).max(most);

/** The section `autoscaler` of the configuration. */
export const schema = z.strictObject({
  namespace: name
    .optional()
    .describe("Kubernetes namespace of the platform: whose load is told, and whose pods are ranked. Must be set."),
  serve: z
    .boolean()
    .default(true)
    .describe(
      "Whether external.metrics.k8s.io is served, for the HPA. Otherwise pods are ranked, and `/state` shows the load.",
    ),
  address: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe("Address on which the API server is answered (HTTPS); unless set all."),
  port: z.number().int().min(0).max(65_535).default(8443).describe("Its port; 0 for any that is free."),
  service: name.optional().describe("Service that leads to that port: it is in the certificate. Must be set to serve."),
  servicePort: z.number().int().min(1).max(65_535).default(443).describe("Port of that Service."),
  secret: name.optional().describe("Secret in which the members keep their certificate. Must be set to serve."),
  clusterRole: name
    .optional()
    .describe("ClusterRole with which the APIService goes when the platform is uninstalled. Must be set to serve."),
  podSelector: z.string().min(1).optional().describe("Labels of the pods that are ranked; unless set none are."),
  staleAfter: z
    .number()
    .int()
    .min(3)
    .max(15)
    .default(15)
    .describe("Seconds without word of an instance after which the load of its target is unknown: an error, never 0."),
  window: z.number().int().min(2).max(60).default(10).describe("Seconds over which rates and delays are taken."),
  rankInterval: z
    .number()
    .int()
    .min(30)
    .max(3600)
    .default(30)
    .describe("Seconds between two writings of pod-deletion-cost, at least."),
  certificate: z
    .strictObject({
      days: days(365).default(30).describe("Days that the certificate is good; it is renewed after two thirds."),
      authorityDays: days(3650)
        .default(365)
        .describe("Days that the authority which signs it is good; a new one comes after two thirds."),
    })
    .prefault({})
    .describe("The certificate that the API server is shown, made and renewed by the members themselves."),
});

export type AutoscalerConfig = z.output<typeof schema>;

export const autoscalerSection = section("autoscaler", schema);

/** What must be set before anything is served. */
export interface ServingConfig {
  readonly namespace: string;
  readonly service: string;
  readonly secret: string;
  readonly clusterRole: string;
}

/** @throws Error naming the keys that are missing */
export function servingConfig({ namespace, service, secret, clusterRole }: AutoscalerConfig): ServingConfig {
  if (namespace !== undefined && service !== undefined && secret !== undefined && clusterRole !== undefined) {
    return { namespace, service, secret, clusterRole };
  }
  const missing = Object.entries({ namespace, service, secret, clusterRole }).flatMap(([key, value]) =>
    value === undefined ? [`autoscaler.${key}`] : [],
  );
  throw new Error(`${missing.join(", ")} must be set where autoscaler.serve is on`);
}
