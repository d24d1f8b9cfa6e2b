import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Evaluation, RunEvent, Summary } from "../../mod.ts";
import type { RunEvent as LoggedEvent, Summary as SavedSummary } from "../../lib/base/events.ts";
import type { Evaluation as Measured } from "../../lib/model/evaluation.ts";
import { OPTIONS, optionsSource } from "./options_source.ts";

/** Is true if both types accept the same values. */
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;

Deno.test("the written types of events, summaries and evaluations are those of the schemas", () => {
  const same: [
    Same<RunEvent, LoggedEvent>,
    Same<Summary, SavedSummary>,
    Same<Omit<Evaluation, "skipped" | "trainedOn" | "warnings">, Omit<Measured, "confused">>,
  ] = [true, true, true];
  assert(same.every(Boolean));
});

/** Runs a command of the runtime that checks this program. */
async function deno(args: readonly string[], input?: string): Promise<{ code: number; text: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  if (input !== undefined) {
    const writer = command.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  }
  const { code, stdout, stderr } = await command.output();
  return { code, text: code === 0 ? new TextDecoder().decode(stdout) : new TextDecoder().decode(stderr) };
}

Deno.test("lib/api/types/options.gen.ts has the options of the schema", async () => {
  const { code, text } = await deno(["fmt", "-"], optionsSource());
  assertEquals(code, 0, text);
  assertEquals(readFileSync(OPTIONS, "utf8"), text, "run deno run -A tests/api/options_source.ts");
});

const documentSchema = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      symbols: z.array(z.object({
        name: z.string(),
        declarations: z.array(z.object({
          jsDoc: z.object({ tags: z.array(z.object({ kind: z.string() })).optional() }).optional(),
        })),
      })),
    }),
  ),
});

const ENTRIES: readonly (readonly [entry: string, exports: number])[] = [["mod.ts", 16], ["predict.ts", 6]];
for (const [entry, exports] of ENTRIES) {
  Deno.test(`every export of ${entry} has a docstring with an example, and no private type`, async () => {
    const lint = await deno(["doc", "--lint", entry]);
    assertEquals(lint.code, 0, lint.text);
    const { text } = await deno(["doc", "--json", entry]);
    const symbols = Object.values(documentSchema.parse(JSON.parse(text)).nodes).flatMap((module) => module.symbols);
    assert(symbols.length >= exports, `Only ${symbols.length} exports were found`);
    const without = symbols.filter(({ declarations }) =>
      !declarations.some(({ jsDoc }) => jsDoc?.tags?.some(({ kind }) => kind === "example"))
    );
    assertEquals(without.map(({ name }) => name), []);
  });
}
