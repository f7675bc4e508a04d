import { spawnSync } from "node:child_process";

const CHART = new URL("../../charts/sipmesh", import.meta.url).pathname;

export const VALUES = `${CHART}/values`;

/** What helm makes of values: the objects' text, or what it says against it. Helm 3 and 4 differ in empty lines only. */
export function render(...args: readonly string[]): { readonly text: string; readonly refusal: string } {
  const { status, stdout, stderr } = spawnSync(
    "helm",
    ["template", "sipmesh", CHART, "--namespace", "phones", "--kube-version", "1.34.0", ...args],
    { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  return status === 0 ? { text: stdout.replaceAll(/\n\n+/g, "\n"), refusal: "" } : { text: "", refusal: stderr };
}
