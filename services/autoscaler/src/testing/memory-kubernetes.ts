import type { Asker } from "../front-proxy.ts";
import type { Kubernetes, Registration, StoredRegistration, StoredSecret, Wish } from "../kubernetes.ts";

/** What of a cluster the autoscaler sees, in memory: several members may share one. Versions are compared as there. */
export class MemoryKubernetes implements Kubernetes {
  frontProxyData: Record<string, string>;
  readonly secrets = new Map<string, StoredSecret>([["certificate", { data: {}, version: "0" }]]);
  registered: (StoredRegistration & { readonly of: Registration }) | undefined;
  readonly deletionCosts = new Map<string, string | undefined>();
  /** Who asked to do what, in order. */
  readonly asked: (readonly [Asker, Wish])[] = [];
  may: (asker: Asker, wish: Wish) => boolean = () => true;
  /** Thrown by every call while it is set. */
  away: Error | undefined;
  writes = 0;
  #version = 0;

  constructor(authority: string, names: readonly string[] = ["front-proxy-client"]) {
    this.frontProxyData = {
      "requestheader-client-ca-file": authority,
      "requestheader-allowed-names": JSON.stringify(names),
      "requestheader-username-headers": '["X-Remote-User"]',
      "requestheader-uid-headers": '["X-Remote-Uid"]',
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    };
  }

  async frontProxy(): Promise<Readonly<Record<string, string>>> {
    await this.#there();
    return this.frontProxyData;
  }

  async allowed(asker: Asker, wish: Wish): Promise<boolean> {
    await this.#there();
    this.asked.push([asker, wish]);
    return this.may(asker, wish);
  }

  async secret(name: string): Promise<StoredSecret | undefined> {
    await this.#there();
    return this.secrets.get(name);
  }

  async writeSecret(name: string, data: Readonly<Record<string, string>>, version: string): Promise<boolean> {
    await this.#there();
    if (this.secrets.get(name)?.version !== version) return false;
    this.secrets.set(name, { data, version: this.#next() });
    this.writes += 1;
    return true;
  }

  async registration(): Promise<StoredRegistration | undefined> {
    await this.#there();
    return this.registered;
  }

  async register(of: Registration, version: string | undefined): Promise<boolean> {
    await this.#there();
    if (this.registered?.version !== version) return false;
    const { namespace, service, port, authorities, owner } = of;
    const stored = { service: `${namespace}/${service}`, port, authorities, owners: [owner.uid] };
    this.registered = { ...stored, version: this.#next(), of };
    this.writes += 1;
    return true;
  }

  async clusterRole(name: string): Promise<string> {
    await this.#there();
    return `uid-of-${name}`;
  }

  async pods(): Promise<ReadonlyMap<string, string | undefined>> {
    await this.#there();
    return new Map(this.deletionCosts);
  }

  async setDeletionCost(pod: string, cost: string): Promise<void> {
    await this.#there();
    this.deletionCosts.set(pod, cost);
    this.writes += 1;
  }

  /** Others' calls come in between, as over a network. */
  async #there(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.away !== undefined) throw this.away;
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }
}
