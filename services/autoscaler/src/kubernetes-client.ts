import {
  ApiException,
  ApiregistrationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  createConfiguration,
  KubeConfig,
  PatchStrategy,
  RbacAuthorizationV1Api,
  ServerConfiguration,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { GROUP, VERSION } from "./external-metrics.ts";
import type { Kubernetes, Registration, Wish } from "./kubernetes.ts";

/** Milliseconds that the API server is waited for. */
const PATIENCE = 5000;
const FRONT_PROXY = { namespace: "kube-system", name: "extension-apiserver-authentication" };
const API_SERVICE = `${VERSION}.${GROUP}`;
const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const LABELS = { "app.kubernetes.io/part-of": "sipmesh" };

/**
 * The API server of the cluster that this pod runs in, or of the kubeconfig where it runs in none.
 *
 * @param namespace whose Secrets and pods are meant
 */
export function kubernetesClient(namespace: string): Kubernetes {
  const config = new KubeConfig();
  config.loadFromDefault();
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error("there is no Kubernetes: neither a service account nor a kubeconfig");
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [
      {
        async pre(request) {
          request.setSignal(AbortSignal.timeout(PATIENCE));
          return request;
        },
        post: async (response) => response,
      },
    ],
  });
  const core = new CoreV1Api(configuration);
  const authorization = new AuthorizationV1Api(configuration);
  const registrations = new ApiregistrationV1Api(configuration);
  const roles = new RbacAuthorizationV1Api(configuration);
  const patchedAs = (strategy: string) => setHeaderOptions("Content-Type", strategy);
  /** Ours are told from those of another release, whose fields we must not take over. */
  const fieldManager = `sipmesh-${namespace}`.slice(0, 128);

  return {
    async frontProxy() {
      return (await core.readNamespacedConfigMap(FRONT_PROXY)).data ?? {};
    },

    async allowed({ user, uid, groups, extra }, wish) {
      const { status } = await authorization.createSubjectAccessReview({
        body: {
          spec: {
            user,
            groups: [...groups],
            extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
            ...(uid !== "" && { uid }),
            ...attributesOf(wish),
          },
        },
      });
      return status?.allowed === true;
    },

    async secret(name) {
      const found = await orNothing(core.readNamespacedSecret({ namespace, name }));
      if (found === undefined) return undefined;
      const data = Object.entries(found.data ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value, "base64").toString(),
      ]);
      return { data: Object.fromEntries(data), version: found.metadata?.resourceVersion ?? "" };
    },

    async writeSecret(name, data, version) {
      const body = { metadata: { resourceVersion: version }, stringData: data };
      return await unlessConflict(
        core.patchNamespacedSecret({ namespace, name, body, fieldManager }, patchedAs(PatchStrategy.MergePatch)),
      );
    },

    async registration() {
      const found = await orNothing(registrations.readAPIService({ name: API_SERVICE }));
      if (found === undefined) return undefined;
      const { service, caBundle = "" } = found.spec ?? {};
      return {
        service: service === undefined ? undefined : `${service.namespace}/${service.name}`,
        port: service?.port,
        authorities: Buffer.from(caBundle, "base64").toString(),
        owners: (found.metadata?.ownerReferences ?? []).map(({ uid }) => uid),
        version: found.metadata?.resourceVersion ?? "",
      };
    },

    async register(registration, version) {
      return await unlessConflict(
        registrations.patchAPIService(
          {
            name: API_SERVICE,
            body: apiService(registration, version),
            fieldManager,
            // What is there was seen to be ours. What is made must not take another's over that came meanwhile.
            force: version !== undefined,
          },
          patchedAs(PatchStrategy.ServerSideApply),
        ),
      );
    },

    async clusterRole(name) {
      const uid = (await roles.readClusterRole({ name })).metadata?.uid;
      if (uid === undefined) throw new Error(`ClusterRole ${name} has no uid`);
      return uid;
    },

    async pods(labelSelector) {
      // From the API server's cache: what changed meanwhile is seen the next time.
      const { items } = await core.listNamespacedPod({ namespace, labelSelector, resourceVersion: "0" });
      return new Map(
        items.flatMap(({ metadata }) =>
          metadata?.name === undefined ? [] : [[metadata.name, metadata.annotations?.[DELETION_COST]] as const],
        ),
      );
    },

    async setDeletionCost(pod, cost) {
      const body = { metadata: { annotations: { [DELETION_COST]: cost } } };
      await orNothing(
        core.patchNamespacedPod({ namespace, name: pod, body, fieldManager }, patchedAs(PatchStrategy.MergePatch)),
      );
    },
  };
}

function attributesOf(wish: Wish) {
  if ("path" in wish) return { nonResourceAttributes: { path: wish.path, verb: wish.verb } };
  return { resourceAttributes: { group: GROUP, version: VERSION, ...wish } };
}

function apiService({ namespace, service, port, authorities, owner }: Registration, version: string | undefined) {
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: {
      name: API_SERVICE,
      labels: LABELS,
      ownerReferences: [{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", ...owner }],
      ...(version !== undefined && { resourceVersion: version }),
    },
    spec: {
      group: GROUP,
      version: VERSION,
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { namespace, name: service, port },
      caBundle: Buffer.from(authorities).toString("base64"),
    },
  };
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}

async function unlessConflict(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (error instanceof ApiException && error.code === 409) return false;
    throw error;
  }
}
