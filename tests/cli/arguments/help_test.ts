import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { checkHelp } from "../../../lib/cli/commands/check.ts";
import { compareHelp } from "../../../lib/cli/commands/compare.ts";
import { evaluateHelp } from "../../../lib/cli/commands/evaluate.ts";
import { predictHelp } from "../../../lib/cli/commands/predict.ts";
import { runsHelp } from "../../../lib/cli/commands/runs.ts";
import { trainHelp } from "../../../lib/cli/arguments/help.ts";
import { flags } from "../../../lib/cli/arguments/flags.ts";

Deno.test("trainHelp() names every flag with its default, in lines of at most 88 columns", () => {
  const help = trainHelp();
  for (const flag of flags) {
    assert(new RegExp(`^  --${flag.name}( |$)`, "m").test(help), flag.name);
    if (flag.kind !== "boolean" && String(flag.default) !== "") {
      assertStringIncludes(help.replaceAll(/\s+/g, " "), `[${flag.default}]`);
    }
  }
  for (const line of help.split("\n")) assert(line.length <= 88, line);
});

Deno.test("docs/cli.md has the help of train, and every flag of other commands", async () => {
  const docs = await Deno.readTextFile(new URL("../../../docs/cli.md", import.meta.url));
  assertStringIncludes(docs, trainHelp());
  const flags = [checkHelp(), predictHelp(), evaluateHelp(), runsHelp(), compareHelp()].flatMap((help) =>
    help.match(/^ {2}--.*(?:\n {20,}.*)*$/gm)!
  );
  assert(flags.length > 20);
  for (const flag of flags) assertStringIncludes(docs, flag);
});

Deno.test("an unknown command is refused, also one that every object of JavaScript has", async () => {
  for (const name of ["trane", "constructor", "toString", "hasOwnProperty", "__proto__"]) {
    const main = fileURLToPath(new URL("../../../main.ts", import.meta.url));
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: ["run", "-q", "-A", main, name] })
      .output();
    const told = new TextDecoder().decode(stderr);
    assertEquals([code, told.startsWith(`error: Unknown command ${name}: `)], [2, true], told);
  }
});
