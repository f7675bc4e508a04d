/** A Deployment, as far as it says who sets its number of pods. */
export interface Deployment {
  readonly metadata: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly ManagedFields[];
  };
  readonly spec: { readonly replicas?: number };
}

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: { readonly "f:spec"?: Readonly<Record<string, unknown>> };
}

/** Helm: an object with this annotation stays when it is no longer in the release. */
export const KEEP = "helm.sh/resource-policy";
/** The chart: the number of pods is not the release's. */
export const AUTOSCALED = "sipmesh.io/replicas";

/** What is to be done about a Deployment before a release is upgraded. */
export type Step =
  | { readonly do: "nothing" }
  /** It is to stay though the release does not have it for a moment. */
  | { readonly do: "keep" }
  /** It came back, and is to go with the release again. */
  | { readonly do: "no-longer-keep" }
  /** Somebody else than the release is to have set the number before the release gives it up. */
  | { readonly do: "hold"; readonly replicas: number }
  | { readonly do: "refuse" };

/**
 * A release that stops to say how many pods there are leaves one, and Kubernetes takes the others away at once. Where
 * the release is applied by the server the number stays if somebody else holds it too. Where Helm works out what to
 * change (3.x), it deletes the number whoever holds it; then the Deployment must leave the release and come back.
 *
 * @param leaves the upgrade takes the Deployment out of the release, to come back
 */
export function stepFor({ metadata, spec }: Deployment, leaves: boolean): Step {
  const { annotations = {}, managedFields = [] } = metadata;
  const kept = annotations[KEEP] === "keep";
  const autoscaled = annotations[AUTOSCALED] !== undefined;
  if (leaves) return kept ? { do: "nothing" } : { do: "keep" };
  if (autoscaled) return { do: kept ? "no-longer-keep" : "nothing" };
  if (kept) return { do: "nothing" };
  const whole = managedFields.filter(
    ({ subresource, fieldsV1 }) => subresource === undefined && "f:template" in (fieldsV1?.["f:spec"] ?? {}),
  );
  const byServer = whole.some(({ operation }) => operation === "Apply");
  return byServer ? { do: "hold", replicas: spec.replicas ?? 1 } : { do: "refuse" };
}
