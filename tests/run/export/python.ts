/** Starts a Python with PyTorch, if this machine has one. */
import { assertEquals } from "@std/assert";
import { programAbsence } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { decoded } from "../../text.ts";

export const PYTHON = "/usr/bin/python3";

/** Ends with 0 if the packages are installed, without the seconds that an import takes. */
const FINDS =
  "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))";

/** Returns why this machine has no Python with the packages, or undefined if it has one. */
export const pythonAbsence = (...packages: readonly string[]): string | undefined =>
  programAbsence(PYTHON, ["-c", FINDS, ...packages]) && `${PYTHON} lacks ${packages.join(" or ")}`;

/** Calls `use` with a Python that answers each line of JSON by the lines of `body`. It imports torch only once. */
export async function withPython(
  body: string,
  use: (ask: (question: unknown) => Promise<string>) => Promise<void>,
): Promise<void> {
  const script = `import json, sys\nfor line in sys.stdin:\n  question = json.loads(line)\n${body}\n` +
    "  print(json.dumps(answer), flush=True)";
  const python = new Deno.Command(PYTHON, {
    args: ["-B", "-c", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).spawn();
  const said = new Response(python.stderr).text();
  const writer = python.stdin.getWriter();
  const answers = lines(python.stdout);
  try {
    await use(async (question) => {
      await writer.write(new TextEncoder().encode(`${JSON.stringify(question)}\n`));
      const { done, value } = await answers.next();
      if (done) throw new Error(`Python left: ${await said}`);
      return value;
    });
  } finally {
    await writer.close().catch(() => {}); // It may have ended earlier.
    await answers.return();
    await python.status;
  }
  assertEquals(await said, "");
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  let rest = "";
  for await (const text of decoded(stream)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}
