import { issue, type KeyPair, makeAuthority } from "@sipmesh/certificates/issuing";

const HOUR = 3_600_000;

/** An authority that signs certificates of clients, as a cluster's front proxy has one. */
export class ClientAuthority {
  readonly #pair: KeyPair;

  private constructor(pair: KeyPair) {
    this.#pair = pair;
  }

  static async make(commonName: string): Promise<ClientAuthority> {
    return new ClientAuthority(await makeAuthority(commonName, Date.now(), HOUR));
  }

  get certificate(): string {
    return this.#pair.certificate;
  }

  /** The certificate and key of a client, as TLS takes them. */
  async client(commonName: string): Promise<{ readonly cert: string; readonly key: string }> {
    const { certificate, key } = await issue(this.#pair, [commonName], Date.now(), HOUR);
    return { cert: certificate, key };
  }
}
