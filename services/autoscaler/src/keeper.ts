import type { Clock, Timer } from "@sipmesh/environment";
import { type CertificatePlan, type Credentials, goodUntil, renewed } from "./certificates.ts";
import { type FrontProxy, readFrontProxy } from "./front-proxy.ts";
import type { Kubernetes, StoredRegistration } from "./kubernetes.ts";
import { fromSecret, toSecret } from "./stored-credentials.ts";

/** Milliseconds between two looks at what is stored, and after one that failed. */
const EVERY = 30_000;
const AGAIN = 3000;
/** How often a write is tried anew at once, because another member was faster. */
const MOST_TRIES = 4;

export interface KeeperOptions {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  readonly namespace: string;
  readonly service: string;
  readonly servicePort: number;
  readonly secret: string;
  /** The APIService goes with it. */
  readonly clusterRole: string;
  readonly lifetimes: Pick<CertificatePlan, "lifetime" | "authorityLifetime">;
  /** Called with what is to be shown and whom to believe, whenever one of them is another. */
  readonly changed: (credentials: Credentials, proxy: FrontProxy) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** Somebody else serves the API: it has one owner in a cluster. */
export class OwnedByAnother extends Error {
  override readonly name = "OwnedByAnother";

  constructor(service: string | undefined) {
    super(`external.metrics.k8s.io is served by ${service ?? "the API server itself"} in this cluster`);
  }
}

/**
 * Keeps certificate, trust and APIService as they should be, now and then. All members do: the Secret is written by
 * compare-and-set, so that they agree, and what another one wrote is taken over.
 */
export class Keeper {
  readonly #o: KeeperOptions;
  #timer: Timer | undefined;
  #credentials: Credentials | undefined;
  #proxy = "";
  #problem = "nothing is known of the cluster yet";
  #stopped = false;

  constructor(options: KeeperOptions) {
    this.#o = options;
    void this.#look();
  }

  /** Why the API cannot be served now; "": it can. */
  get problem(): string {
    return this.#problem;
  }

  /** Milliseconds since the epoch: until when the certificate is good; undefined before there is one. */
  get goodUntil(): number | undefined {
    return this.#credentials && goodUntil(this.#credentials.shown);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    let next = EVERY;
    try {
      await this.#keep();
      this.#problem = "";
    } catch (error) {
      next = AGAIN;
      // What was right is right still, as far as is known: an API that cannot be reached is worse than an old look.
      if (error instanceof OwnedByAnother || !this.#isGood()) {
        this.#problem = error instanceof Error ? error.message : String(error);
      }
      this.#o.failed(error);
    }
    if (!this.#stopped) this.#timer = this.#o.clock.after(next, () => void this.#look());
  }

  #isGood(): boolean {
    return this.#problem === "" && (this.goodUntil ?? 0) > this.#o.clock.now();
  }

  async #keep(): Promise<void> {
    const { kubernetes, changed } = this.#o;
    const registered = await kubernetes.registration();
    this.#mustBeOurs(registered);
    const data = await kubernetes.frontProxy();
    const proxy = readFrontProxy(data);
    const credentials = await this.#agree(registered);
    const trust = JSON.stringify(proxy);
    if (JSON.stringify(credentials) !== JSON.stringify(this.#credentials) || trust !== this.#proxy) {
      await changed(credentials, proxy);
      this.#credentials = credentials;
      this.#proxy = trust;
    }
    await this.#register(registered, credentials);
  }

  #mustBeOurs(registered: StoredRegistration | undefined): void {
    const { namespace, service } = this.#o;
    if (registered !== undefined && registered.service !== `${namespace}/${service}`) {
      throw new OwnedByAnother(registered.service);
    }
  }

  /** What all members show: what is stored, renewed where it is time. */
  async #agree(registered: StoredRegistration | undefined): Promise<Credentials> {
    const { kubernetes, clock, secret, namespace, service, lifetimes } = this.#o;
    for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
      const stored = await kubernetes.secret(secret);
      if (stored === undefined) throw new Error(`the Secret ${secret} is not there; helm upgrade makes it`);
      const present = fromSecret(stored.data);
      const plan = {
        ...lifetimes,
        now: clock.now(),
        names: [`${service}.${namespace}.svc`],
        published: registered?.authorities === present?.trusted,
      };
      const next = await renewed(present, plan);
      if (next === undefined && present !== undefined) return present;
      if (next !== undefined && (await kubernetes.writeSecret(secret, toSecret(next), stored.version))) return next;
    }
    throw new Error(`the Secret ${secret} was changed by others again and again`);
  }

  async #register(registered: StoredRegistration | undefined, { trusted }: Credentials): Promise<void> {
    const { kubernetes, namespace, service, servicePort, clusterRole } = this.#o;
    const uid = await kubernetes.clusterRole(clusterRole);
    const isRight =
      registered?.authorities === trusted && registered.port === servicePort && registered.owners.includes(uid);
    if (isRight) return;
    const registration = {
      namespace,
      service,
      port: servicePort,
      authorities: trusted,
      owner: { name: clusterRole, uid },
    };
    if (await kubernetes.register(registration, registered?.version)) return;
    // The other member did the same, or somebody else was faster: the next look tells.
    const now = await kubernetes.registration();
    this.#mustBeOurs(now);
    if (now?.authorities !== trusted) throw new Error("the APIService was changed by others meanwhile");
  }
}
