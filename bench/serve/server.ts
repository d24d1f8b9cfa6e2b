/** Starts servers to measure, each in its own process. */
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Contestant {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Starts a server, which its disposal ends. It is up when it has printed a line with its address. */
export async function serve({ command, args }: Contestant): Promise<{ url: string } & AsyncDisposable> {
  const process = new Deno.Command(command, { args: [...args], cwd: ROOT, stdin: "null", stdout: "piped" }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/http:\/\/[\d.]+:\d+/.test(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`${command} ${args.join(" ")} ended: ${text}`);
    text += value;
  }
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    url: /http:\/\/[\d.]+:\d+/.exec(text)![0],
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await Promise.all([process.status, drained]);
    },
  };
}

/** Describes this program's `command` on any free port; it writes to `runs`. */
export function product(command: string, runs: string, ...args: string[]): Contestant {
  const flags = ["run", "-q", "-A", "main.ts", command, ...args, "--port", "0"];
  return {
    name: "lockstep",
    command: Deno.execPath(),
    args: command === "train" ? [...flags, "--runs-dir", runs] : flags,
  };
}
