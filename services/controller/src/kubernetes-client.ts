import { CoreV1Api, KubeConfig, type KubernetesObject, type ListPromise, makeInformer } from "@kubernetes/client-node";
import type { Clock, Timer } from "@sipmesh/environment";
import type { ControllerConfig } from "./config.ts";
import type { Followed, Kubernetes } from "./kubernetes.ts";

/** Milliseconds until what broke is begun anew. */
const AGAIN_AFTER = 2000;
/** Milliseconds in which changes are gathered: a cluster that starts has many at once. */
const GATHERED = 100;

/** The API server of the cluster that this pod runs in, or of the kubeconfig where it runs in none. */
export function kubernetesClient(namespace: string, config: ControllerConfig, clock: Clock): Kubernetes {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromDefault();
  const core = kubeconfig.makeApiClient(CoreV1Api);

  /** Lists and watches, for ever. */
  function follow<T extends KubernetesObject>(
    path: string,
    list: ListPromise<T>,
    selector: string | undefined,
    changed: (all: readonly T[]) => void,
    failed: (error: unknown) => void,
  ): Followed {
    const informer = makeInformer<T>(kubeconfig, path, list, selector);
    let again: Timer | undefined;
    let gathering: Timer | undefined;
    let closed = false;
    const gather = () => {
      gathering ??= clock.after(GATHERED, () => {
        gathering = undefined;
        changed(informer.list());
      });
    };
    const start = () => {
      informer.start().then(gather, broken);
    };
    const broken = (error: unknown) => {
      if (closed) return;
      failed(error);
      again?.cancel();
      again = clock.after(AGAIN_AFTER, start);
    };
    for (const verb of ["add", "update", "delete"] as const) informer.on(verb, gather);
    informer.on("error", broken);
    start();
    return {
      close() {
        closed = true;
        again?.cancel();
        gathering?.cancel();
        void informer.stop();
      },
    };
  }

  return {
    nodes(changed, failed) {
      const { nodeSelector: labelSelector } = config;
      const list = () => core.listNode({ ...(labelSelector !== undefined && { labelSelector }) });
      return follow("/api/v1/nodes", list, labelSelector, changed, failed);
    },
    services(changed, failed) {
      const { serviceSelector: labelSelector } = config;
      const list = () =>
        core.listNamespacedService({ namespace, ...(labelSelector !== undefined && { labelSelector }) });
      return follow(`/api/v1/namespaces/${namespace}/services`, list, labelSelector, changed, failed);
    },
  };
}
