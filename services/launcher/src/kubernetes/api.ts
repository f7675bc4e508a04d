import { askApiServer, bodyOf } from "./api-server.ts";

/** Attempts to write what somebody else wrote in the meantime. */
const ATTEMPTS = 5;

/** A Secret as the API server has it. */
export interface Secret {
  readonly type?: string;
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
  /** By key, in base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** The texts in a Secret, by key. */
export type Texts = Readonly<Record<string, string>>;

/** Objects of one namespace, asked of the API server as the pod's own service account. */
export class Api {
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** The texts of a Secret; undefined where there is none. @throws Error where the API server does not answer well */
  async secret(name: string): Promise<Texts | undefined> {
    const found = (await this.#ask("GET", `secrets/${name}`)) as Secret | undefined;
    return found && textsOf(found);
  }

  /**
   * Brings a Secret to what `change` makes of its texts; absent ones are made, and belong to `owner`, a ServiceAccount: they
   * go when it goes. Runs `change` again where somebody else wrote in between.
   */
  async keepSecret<T extends Texts>(
    name: string,
    type: string,
    owner: string,
    change: (has: Texts) => T | Promise<T>,
  ): Promise<{ readonly texts: T; readonly outcome: "made" | "changed" | "kept" }> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = (await this.#ask("GET", `secrets/${name}`)) as Secret | undefined;
      const has = found === undefined ? {} : textsOf(found);
      const texts = await change(has);
      if (found !== undefined && sameTexts(has, texts)) return { texts, outcome: "kept" };
      const data = Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
      );
      const written =
        found === undefined
          ? await this.#ask("POST", "secrets", await this.#newSecret(name, type, owner, data))
          : await this.#ask("PUT", `secrets/${name}`, { ...found, data });
      if (written !== undefined) return { texts, outcome: found === undefined ? "made" : "changed" };
    }
    throw new Error(`the Secret ${name} was changed by somebody else ${ATTEMPTS} times in a row`);
  }

  async #newSecret(name: string, type: string, owner: string, data: Texts): Promise<object> {
    const account = (await this.#ask("GET", `serviceaccounts/${owner}`)) as { metadata: { uid: string } } | undefined;
    if (account === undefined) throw new Error(`the ServiceAccount ${owner} is not there`);
    return {
      apiVersion: "v1",
      kind: "Secret",
      type,
      metadata: {
        name,
        labels: { "app.kubernetes.io/part-of": "sipmesh" },
        ownerReferences: [{ apiVersion: "v1", kind: "ServiceAccount", name: owner, uid: account.metadata.uid }],
      },
      data,
    };
  }

  /** Undefined where what is asked for is not there, or what is written was written by somebody else. */
  async #ask(method: "GET" | "POST" | "PUT", path: string, body?: object): Promise<unknown> {
    const answer = await askApiServer(method, `/api/v1/namespaces/${this.#namespace}/${path}`, body);
    if (answer.status === (method === "GET" ? 404 : 409)) return undefined;
    return bodyOf(`${method} ${path}`, answer);
  }
}

function textsOf({ data = {} }: Secret): Texts {
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]),
  );
}

function sameTexts(one: Texts, other: Texts): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
