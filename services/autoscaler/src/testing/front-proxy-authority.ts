import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  X509CertificateGenerator,
} from "@peculiar/x509";

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** An authority that signs certificates of clients, as a cluster's front proxy has one. */
export class ClientAuthority {
  readonly certificate: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #name: string;

  private constructor(certificate: string, keys: webcrypto.CryptoKeyPair, name: string) {
    this.certificate = certificate;
    this.#keys = keys;
    this.#name = name;
  }

  static async make(commonName: string): Promise<ClientAuthority> {
    const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
    const name = `CN=${commonName}`;
    const made = await X509CertificateGenerator.createSelfSigned({
      name,
      signingAlgorithm: EC,
      keys,
      ...life(),
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    });
    return new ClientAuthority(made.toString("pem"), keys, name);
  }

  /** The certificate and key of a client. */
  async client(commonName: string): Promise<{ cert: string; key: string }> {
    const keys = await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
    const made = await X509CertificateGenerator.create({
      subject: `CN=${commonName}`,
      issuer: this.#name,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: EC,
      ...life(),
      extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])],
    });
    const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    return { cert: made.toString("pem"), key: PemConverter.encode(key, PemConverter.PrivateKeyTag) };
  }
}

function life() {
  return { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
}
