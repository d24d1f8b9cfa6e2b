import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { missingPermission } from "../../../lib/base/errors.ts";
import { type Flag, flags, flagValue } from "../../../lib/cli/arguments/flags.ts";
import { flagName } from "../../../lib/report/flag_name.ts";
import { forCommandLine } from "../../../lib/cli/arguments/messages.ts";
import { type ConfigKey, configSchema } from "../../../lib/config/schema.ts";

const flag = (key: ConfigKey): Flag => flags.find((candidate) => candidate.key === key)!;

Deno.test("flags has one for every key of the config, in order", () => {
  assertEquals(flags.map(({ key }) => key), Object.keys(configSchema.shape) as ConfigKey[]);
  assertEquals(new Set(flags.map(({ name }) => name)).size, flags.length);
});

Deno.test("flags default to what the config defaults to", () => {
  const defaults: Readonly<Record<string, unknown>> = configSchema.parse({});
  for (const { key, default: value } of flags) assertEquals(value, defaults[key], key);
});

const numbersOrWords: readonly string[] = ["workers", "checkpointEvery", "maxLength", "validation", "minCount"];

Deno.test("flags are of the kind that their default is, and described", () => {
  for (const { key, kind, default: value, description, name } of flags) {
    const kinds = { string: ["text"], number: ["number"], boolean: ["boolean"], object: ["list"] };
    if (!numbersOrWords.includes(key)) assertEquals(kinds[typeof value as keyof typeof kinds], [kind], key);
    assert(description.length > 5, key);
    assertMatch(name, /^[a-z]+(-[a-z]+)*$/);
  }
  for (const { key, kind } of flags) if (numbersOrWords.includes(key)) assertEquals(kind, "number");
});

Deno.test("flags say what stands for their value", () => {
  assertEquals(flag("log").value, "text|json");
  assertEquals(flag("host").value, "TEXT");
  assertEquals(flag("hidden").value, "N");
  assertEquals(flag("exit").value, "");
  assertEquals(flag("data").value, "FILE");
});

Deno.test("flagName() puts a dash before each capital", () => {
  assertEquals(flagName("batchSize"), "batch-size");
  assertEquals(flagName("stepsPerEpoch"), "steps-per-epoch");
  assertEquals(flagName("seed"), "seed");
});

Deno.test("flagValue() reads a number where one is wanted and one is there", () => {
  assertEquals(flagValue(flag("learningRate"), "1e-3"), 0.001);
  assertEquals(flagValue(flag("workers"), "2"), 2);
  assertEquals(flagValue(flag("workers"), "auto"), "auto");
  assertEquals(flagValue(flag("hidden"), "12x"), "12x");
  assertEquals(flagValue(flag("hidden"), " "), " ");
  assertEquals(flagValue(flag("hidden"), ""), "");
  assertEquals(flagValue(flag("host"), "127"), "127");
});

Deno.test("forCommandLine() writes keys in backquotes as flags, and leaves other text unchanged", () => {
  assertEquals(
    forCommandLine("set `minCount` to 1, or `x` or minCount or `toString`"),
    "set --min-count to 1, or `x` or minCount or `toString`",
  );
});

Deno.test("forCommandLine() adds the commands that resume a run and check data", () => {
  assertEquals(forCommandLine('Resume the run in "runs/x"'), "Resume it with: deno task resume runs/x");
  assertEquals(
    forCommandLine('Free it, then resume the run in "a b"'),
    "Free it, then resume it with: deno task resume a b",
  );
  assertEquals(forCommandLine("2 leaks: a check of the data lists them"), "2 leaks: deno task check lists them");
});

Deno.test("forCommandLine() adds the command that grants a missing permission", () => {
  const { args } = Deno;
  const [task = "train"] = args;
  assertEquals(
    forCommandLine(`Cannot write: ${missingPermission("write to", "/x y")}`),
    `Cannot write: this process may not write to "/x y". Start with deno run -P=${task} --allow-read=.,/x y --allow-write=/x y main.ts ${task} …`,
  );
  for (const access of ["read", "listen on", "connect to"] as const) {
    assertMatch(
      forCommandLine(missingPermission(access, "a")),
      /" *\. Start with deno run -P=.* --allow-(read|net)=\S*a/,
    );
  }
});

/** Matches comments, which are skipped, and the texts of a source file. */
const COMMENT_OR_TEXT = /\/\*[^]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/** Finds the texts of a source file that have a flag or a command. */
function textsWithFlags(source: string): string[] {
  return [...source.matchAll(COMMENT_OR_TEXT)].map(([text]) => text!).filter((text) =>
    /^["`][^]*((^|[^\w-])--[a-z]|deno task (?!kernels))/.test(text)
  );
}

Deno.test("only lib/cli and lib/report have flags and commands in their messages", () => {
  assertEquals(textsWithFlags('a("say --min-count 1"); // "--x"\n/** "--y" */ b(`${n--count} --allow-read`, "a--b")'), [
    '"say --min-count 1"',
    "`${n--count} --allow-read`",
  ]);
  assertEquals(textsWithFlags('a("deno task resume"); // deno task x'), ['"deno task resume"']);
  const lib = new URL("../../../lib/", import.meta.url);
  const paths = readdirSync(lib, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !/^(cli|report)\//.test(path));
  assert(paths.length > 100);
  const found = paths.flatMap((path) =>
    textsWithFlags(readFileSync(new URL(path, lib), "utf8")).map((text) => `${path}: ${text}`)
  );
  assertEquals(found, []);
});
