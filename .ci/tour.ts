// deno-lint-ignore-file no-console -- a script for people
/**
 * Runs the commands of Markdown files as a reader would: every ```sh block, line by line, in order. A server (`task train`
 * without `--exit`, `task serve`) keeps running until a line says `# Ctrl-C`, the next server starts, or all files are
 * done; the next command waits until it has finished training. Exits with 1 at the first command that fails, or if a
 * ```text block directly below a ```sh block has a line that was not printed, except for numbers and ids.
 */
import { dirname } from "node:path";

const texts = await Promise.all(Deno.args.map((path) => Deno.readTextFile(path)));
const blocks = texts.flatMap((text) => [...text.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)]);
const commands = linesOf(blocks.map(([, block]) => block!.replaceAll("\\\n", " ")));
const expected = linesOf(blocks.map(([, , output]) => output ?? ""));
// `deno` in a command is the one that runs this script.
Deno.env.set("PATH", `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`);

const ORIGIN = "http://127.0.0.1:8000";
const DEADLINE_MS = 300_000;
let server: Deno.ChildProcess | undefined;
let output = "";
const printing: Promise<void>[] = [];

function linesOf(parts: readonly string[]): string[] {
  return parts.flatMap((part) => part.split("\n")).map((line) => line.trim()).filter((line) => line !== "");
}

async function stopServer(): Promise<void> {
  if (!server) return;
  // Signals the whole process group, as Ctrl-C does: npx does not pass signals on.
  await new Deno.Command("kill", { args: ["-INT", "--", `-${server.pid}`] }).output();
  await server.status;
  server = undefined;
}

/** Waits until the server has a trained run. Throws if it exits or takes too long. */
async function waitForServer(): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  let hasExited = false;
  server!.status.then(() => hasExited = true);
  while (!hasExited && performance.now() < deadline) {
    if (await hasTrained().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await stopServer();
  throw new Error(hasExited ? "The server has exited" : "The server was not ready in time");
}

async function hasTrained(): Promise<boolean> {
  const ready = await fetch(`${ORIGIN}/readyz`);
  await ready.body?.cancel();
  const { current, runs } = await (await fetch(`${ORIGIN}/runs?state=finished`)).json();
  return ready.ok && runs.some(({ id }: { id: string }) => id === current);
}

/** Starts a command in a process group, which can be signalled as a whole, and keeps what it prints. */
function shell(command: string): Deno.ChildProcess {
  const args = ["bash", "-o", "pipefail", "-c", command];
  const child = new Deno.Command("setsid", { args, stdin: "null", stdout: "piped" }).spawn();
  const tee = new WritableStream<string>({
    write(part) {
      output += part;
      Deno.stdout.writeSync(new TextEncoder().encode(part));
    },
  });
  printing.push(child.stdout.pipeThrough(new TextDecoderStream()).pipeTo(tee));
  return child;
}

/** A line without what differs from run to run: ids, digests, numbers, and the width of columns. */
function withoutNumbers(line: string): string {
  return line.replaceAll(/\d{8}-\d{6}-[a-z]{4}/g, "ID").replaceAll(/\b[0-9a-f]{8,}\b/g, "HASH")
    .replaceAll(/\d+(?:,\d{3})*(?:\.\d+)?/g, "#").replaceAll(/\s+/g, " ")
    // A machine with one core has one.
    .replaceAll("# worker ", "# workers ").replaceAll("# worker,", "# workers,");
}

/** The expected lines that no line of the output has. "…" stands for any text. */
function notPrinted(): string[] {
  const printed = output.split("\n").map(withoutNumbers);
  return expected.filter((line) => {
    const pattern = new RegExp(withoutNumbers(line).split("…").map((part) => RegExp.escape(part)).join(".*"));
    return !printed.some((other) => pattern.test(other));
  });
}

for (const command of commands) {
  console.log(`$ ${command}`);
  if (command.startsWith("# Ctrl-C")) {
    await stopServer();
  } else if (command.startsWith("#") || command.endsWith("task test")) {
    continue; // CI runs the tests separately.
  } else if (/task (train|serve)\b/.test(command) && !command.includes("--exit") && !command.includes("--help")) {
    await stopServer();
    server = shell(command);
    await waitForServer();
  } else {
    const child = shell(command);
    const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
    const { code } = await child.status;
    clearTimeout(timer);
    if (code !== 0) {
      console.error(`"${command}" ended with ${code}`);
      await stopServer();
      Deno.exit(1);
    }
  }
}
await stopServer();
await Promise.all(printing);
const missing = notPrinted();
for (const line of missing) console.error(`No command printed "${line}"`);
if (missing.length > 0) Deno.exit(1);
