/** An APIService, as far as it says who serves it. */
export interface ApiService {
  readonly spec: { readonly service?: { readonly namespace?: string; readonly name?: string } };
}

/**
 * Why external.metrics.k8s.io cannot be ours: an API has one owner in a cluster. Undefined: it can.
 *
 * @param service namespace/name of the Service that would serve it
 */
export function refusalOf(found: ApiService | undefined, service: string): string | undefined {
  if (found === undefined) return undefined;
  const { namespace, name } = found.spec.service ?? {};
  const owner = name === undefined ? "the API server itself" : `${namespace}/${name}`;
  if (owner === service) return undefined;
  return (
    `external.metrics.k8s.io is served by ${owner} in this cluster already, and an API has one owner: ` +
    "set autoscaling.metrics to keda, prometheus or cpu, or remove what serves it (kubectl get apiservice " +
    "v1beta1.external.metrics.k8s.io)."
  );
}
