// deno-lint-ignore-file no-console -- a script for people
/**
 * Runs the commands of a Markdown file as a reader would: every ```sh block, line by line, in order. A line that goes on
 * (`task train` without `--exit`, `task serve`) is left running until a line says `# Ctrl-C`, or to the end.
 * Ends with 1 at the first command that fails.
 */
const [path] = Deno.args;
const text = await Deno.readTextFile(path!);
const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
const commands = blocks.join("").split("\n").map((line) => line.trim()).filter((line) => line !== "");

const ORIGIN = "http://127.0.0.1:8000";
const DEADLINE_MS = 120_000;
let server: Deno.ChildProcess | undefined;

async function stopServer(): Promise<void> {
  if (!server) return;
  // The whole process group, as Ctrl-C does: npx does not hand signals on.
  await new Deno.Command("kill", { args: ["-INT", "--", `-${server.pid}`] }).output();
  await server.status;
  server = undefined;
}

async function waitForServer(): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline) {
    const ready = await fetch(`${ORIGIN}/readyz`).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("The server did not get ready");
}

function shell(command: string): Deno.ChildProcess {
  // A process group of its own, which can be signalled as a whole.
  return new Deno.Command("setsid", { args: ["bash", "-o", "pipefail", "-c", command], stdin: "null" }).spawn();
}

for (const command of commands) {
  console.log(`$ ${command}`);
  if (command.startsWith("# Ctrl-C")) {
    await stopServer();
  } else if (command.startsWith("#") || command.endsWith("task test")) {
    continue; // The tests run on their own.
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
