import type { Followed, Kubernetes, KubernetesService, Node } from "../kubernetes.ts";

/** What of a cluster the controller sees, in memory; several members may share one. */
export class MemoryKubernetes implements Kubernetes {
  #nodes: readonly Node[] = [];
  #services: readonly KubernetesService[] = [];
  readonly #told = new Set<() => void>();

  set(nodes: readonly Node[], services: readonly KubernetesService[]): void {
    this.#nodes = nodes;
    this.#services = services;
    for (const tell of this.#told) tell();
  }

  nodes(changed: (nodes: readonly Node[]) => void): Followed {
    return this.#follow(() => changed(this.#nodes));
  }

  services(changed: (services: readonly KubernetesService[]) => void): Followed {
    return this.#follow(() => changed(this.#services));
  }

  #follow(tell: () => void): Followed {
    this.#told.add(tell);
    setImmediate(() => this.#told.has(tell) && tell());
    return { close: () => void this.#told.delete(tell) };
  }
}
