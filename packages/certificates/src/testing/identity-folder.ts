import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IdentityFiles } from "../identity.ts";
import type { KeyPair } from "../issuing/index.ts";

/** Files of an identity as Kubernetes puts them: below a link to a folder, which is turned to another one. */
export class IdentityFolder {
  readonly files: IdentityFiles;
  readonly #at = mkdtempSync(join(tmpdir(), "sipmesh-identity-"));
  #generation = 0;

  constructor(trusted: string, shown: KeyPair) {
    const file = (name: string) => join(this.#at, "data", name);
    this.files = { ca: file("ca.crt"), certificate: file("tls.crt"), key: file("tls.key") };
    this.put(trusted, shown);
  }

  /** Replaces all three at once. @param trusted certificates of authorities */
  put(trusted: string, { certificate, key }: KeyPair): void {
    const next = join(this.#at, `generation-${++this.#generation}`);
    mkdirSync(next);
    writeFileSync(join(next, "ca.crt"), trusted);
    writeFileSync(join(next, "tls.crt"), certificate);
    writeFileSync(join(next, "tls.key"), key, { mode: 0o600 });
    symlinkSync(next, join(this.#at, "data.new"));
    renameSync(join(this.#at, "data.new"), join(this.#at, "data"));
  }

  remove(): void {
    rmSync(this.#at, { recursive: true, force: true });
  }
}
