import { newPassword, newSubscribers } from "../demo/subscribers.ts";

/**
 * A Secret with new passwords: `user` and `password` for NATS, and `domains.yaml` (JSON is YAML), the demo subscribers'
 * domain. It goes when its owner, a ServiceAccount, goes.
 */
export function madeSecret(name: string, owner: { readonly name: string; readonly uid: string }): object {
  const domains = [{ name: "sipmesh", ownAddresses: true, subscribers: newSubscribers() }];
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      labels: { "app.kubernetes.io/part-of": "sipmesh" },
      ownerReferences: [{ apiVersion: "v1", kind: "ServiceAccount", ...owner }],
    },
    // A letter first: nats-server takes what begins like a number for one.
    stringData: {
      user: "sipmesh",
      password: `p-${newPassword()}-${newPassword()}`,
      "domains.yaml": JSON.stringify(domains),
    },
  };
}
