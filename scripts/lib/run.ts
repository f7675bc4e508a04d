import { spawn } from "node:child_process";

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs a command and gives its output and exit code. With `show`, its output is seen as it comes. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv; readonly show?: boolean },
): Promise<Ran> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const [stream, shown] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      if (options.show === true) shown.write(text);
    });
  }
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: -1, output: `${output}${error}` }));
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
  });
}
