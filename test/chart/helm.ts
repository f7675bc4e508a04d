import { spawnSync } from "node:child_process";
import { missing } from "@sipmesh/drivers";

const CHART = new URL("../../charts/sipmesh", import.meta.url).pathname;

export const VALUES = `${CHART}/values`;

/** The versions of Helm that are there: `helm`, and `helm3` where that is another one. */
export const HELMS: readonly string[] = ["helm", "helm3"].filter((helm) => missing(helm) === false);

/** What helm makes of values: the objects' text, or what it says against it. */
export function render(...args: readonly string[]): { readonly text: string; readonly refusal: string } {
  return renderWith("helm", ...args);
}

/** The same with a certain version. Helm 3 and 4 differ in empty lines only. */
export function renderWith(
  helm: string,
  ...args: readonly string[]
): { readonly text: string; readonly refusal: string } {
  const { status, stdout, stderr } = spawnSync(
    helm,
    ["template", "sipmesh", CHART, "--namespace", "phones", "--kube-version", "1.34.0", ...args],
    { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  return status === 0 ? { text: stdout.replaceAll(/\n\n+/g, "\n"), refusal: "" } : { text: "", refusal: stderr };
}
