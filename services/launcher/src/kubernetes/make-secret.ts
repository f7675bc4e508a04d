// Run as a Job by charts/sipmesh: makes the Secret with the passwords that nobody chose, where it is not there yet.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { madeSecret } from "./made-secret.ts";

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const PATIENCE = 10_000;

const {
  namespace = "",
  secret = "",
  owner = "",
} = parseArgs({
  options: { namespace: { type: "string" }, secret: { type: "string" }, owner: { type: "string" } },
}).values;
const account = (await api("GET", `serviceaccounts/${owner}`)) as { metadata: { uid: string } };
const made = await api("POST", "secrets", madeSecret(secret, { name: owner, uid: account.metadata.uid }));
process.stdout.write(`${secret} ${made === undefined ? "was there already" : "is made"}\n`);

/** Asks the API server; undefined where what is to be made exists. */
async function api(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> {
  const host = `${process.env.KUBERNETES_SERVICE_HOST}`;
  const at = `${host.includes(":") ? `[${host}]` : host}:${process.env.KUBERNETES_SERVICE_PORT}`;
  const answer = await fetch(`https://${at}/api/v1/namespaces/${namespace}/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${readFileSync(`${ACCOUNT}/token`, "utf8")}`,
      "content-type": "application/json",
    },
    signal: AbortSignal.timeout(PATIENCE),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (method === "POST" && answer.status === 409) return undefined;
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}
