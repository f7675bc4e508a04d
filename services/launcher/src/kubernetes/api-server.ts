import { readFileSync } from "node:fs";

const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Milliseconds. */
const PATIENCE = 10_000;

export interface Answer {
  readonly status: number;
  /** As JSON; a Status of Kubernetes where something is wrong. */
  readonly body: unknown;
}

/** Asks the API server as the pod's service account. @param path below the server: "/api/v1/…" */
export async function askApiServer(
  method: "GET" | "POST" | "PUT" | "PATCH",
  path: string,
  body?: unknown,
  contentType = "application/json",
): Promise<Answer> {
  const host = `${process.env.KUBERNETES_SERVICE_HOST}`;
  const at = `${host.includes(":") ? `[${host}]` : host}:${process.env.KUBERNETES_SERVICE_PORT}`;
  const answer = await fetch(`https://${at}${path}`, {
    method,
    headers: { authorization: `Bearer ${readFileSync(`${ACCOUNT}/token`, "utf8")}`, "content-type": contentType },
    signal: AbortSignal.timeout(PATIENCE),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** The body of an answer that must be good. @throws Error */
export function bodyOf(what: string, { status, body }: Answer): unknown {
  if (status >= 300) throw new Error(`${what}: ${status} ${JSON.stringify(body)}`);
  return body;
}
