import type { Asker } from "./front-proxy.ts";

/** What somebody wants to do, as a SubjectAccessReview asks. */
export type Wish =
  | { readonly verb: "get" | "list"; readonly namespace: string; readonly resource: string }
  | { readonly verb: "get"; readonly path: string };

/** A Secret's texts, and its version for compare-and-set. */
export interface StoredSecret {
  readonly data: Readonly<Record<string, string>>;
  readonly version: string;
}

/** An APIService, as far as it concerns us. */
export interface StoredRegistration {
  /** namespace/name of the Service that serves it; undefined: the API server itself. */
  readonly service: string | undefined;
  readonly port: number | undefined;
  /** PEM. */
  readonly authorities: string;
  /** Uids of the objects that it goes with. */
  readonly owners: readonly string[];
  readonly version: string;
}

export interface Registration {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  readonly authorities: string;
  readonly owner: { readonly name: string; readonly uid: string };
}

/** What the autoscaler asks of the API server. Everything rejects after some seconds at the latest. */
export interface Kubernetes {
  /** The data of ConfigMap kube-system/extension-apiserver-authentication. */
  frontProxy(): Promise<Readonly<Record<string, string>>>;
  allowed(asker: Asker, wish: Wish): Promise<boolean>;
  secret(name: string): Promise<StoredSecret | undefined>;
  /** Changes a Secret that is there. False where somebody else was faster. */
  writeSecret(name: string, data: Readonly<Record<string, string>>, version: string): Promise<boolean>;
  /** The APIService of external.metrics.k8s.io; undefined: there is none. */
  registration(): Promise<StoredRegistration | undefined>;
  /** False where somebody else was faster, or owns what we would change. @param version absent: there is none yet */
  register(registration: Registration, version: string | undefined): Promise<boolean>;
  /** The uid of a ClusterRole. */
  clusterRole(name: string): Promise<string>;
  /** Pods with their `controller.kubernetes.io/pod-deletion-cost`; undefined: they have none. */
  pods(selector: string): Promise<ReadonlyMap<string, string | undefined>>;
  setDeletionCost(pod: string, cost: string): Promise<void>;
}
