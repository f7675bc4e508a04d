/** A node, as far as it concerns us: a part of what Kubernetes calls `v1.Node`. */
export interface Node {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}

/** The same of `v1.Service`. */
export interface KubernetesService {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly type?: string;
    readonly externalIPs?: readonly string[];
    readonly ports?: readonly { readonly port: number; readonly nodePort?: number; readonly protocol?: string }[];
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

/** Objects of one kind that are followed. */
export interface Followed {
  close(): void;
}

/** What the controller asks of the API server. Both are told all that there is, at first and whenever something changes. */
export interface Kubernetes {
  nodes(changed: (nodes: readonly Node[]) => void, failed: (error: unknown) => void): Followed;
  services(changed: (services: readonly KubernetesService[]) => void, failed: (error: unknown) => void): Followed;
}
