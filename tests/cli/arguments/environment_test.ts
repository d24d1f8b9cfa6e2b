import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../../lib/base/errors.ts";
import { parseArguments, parseOptions, readConfigFile } from "../../../lib/cli/arguments/arguments.ts";
import { environmentValues, variableOf } from "../../../lib/cli/arguments/environment.ts";
import { flags } from "../../../lib/cli/arguments/flags.ts";
import { evaluateHelp } from "../../../lib/cli/commands/evaluate.ts";
import { predictHelp } from "../../../lib/cli/commands/predict.ts";
import { checkHelp } from "../../../lib/cli/commands/check.ts";
import { verifyHelp } from "../../../lib/cli/commands/verify.ts";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import { configSchema, processShape } from "../../../lib/config/schema.ts";
import denoJson from "../../../deno.json" with { type: "json" };
import { latestOf, run, start, TINY, withFolder } from "../process.ts";

Deno.test("variableOf() is LOCKSTEP_ and the flag, only for options that do not change the result", () => {
  assertEquals(
    ["runsDir", "port", "batchDelayMs", "tokenFile", "epochs", "seed", "data"].map(variableOf),
    [
      "LOCKSTEP_RUNS_DIR",
      "LOCKSTEP_PORT",
      "LOCKSTEP_BATCH_DELAY_MS",
      "LOCKSTEP_TOKEN_FILE",
      undefined,
      undefined,
      undefined,
    ],
  );
  assertEquals(flags.filter(({ key }) => variableOf(key)).map(({ key }) => key), Object.keys(processShape));
  // LOCKSTEP_TOKEN is the token itself.
  assert(!flags.some(({ key }) => variableOf(key) === "LOCKSTEP_TOKEN"));
});

Deno.test("environmentValues() reads numbers, texts and switches, and no empty variable", () => {
  const values = (env: Readonly<Record<string, string>>) => environmentValues(flags, (name) => env[name]);
  assertEquals(
    values({
      LOCKSTEP_PORT: "8080",
      LOCKSTEP_WORKERS: "auto",
      LOCKSTEP_EXIT: "1",
      LOCKSTEP_ACCESS_LOG: "false",
      LOCKSTEP_HOST: "",
      LOCKSTEP_SEED: "7",
      LOCKSTEP_LOG: "json",
    }),
    { port: 8080, workers: "auto", exit: true, accessLog: false, log: "json" },
  );
  // Another option of a command with the same name has no variable.
  const [report] = flags.filter(({ key }) => key === "report");
  const own = { ...report!, value: "short|full" };
  assertEquals(environmentValues([own], () => "full"), {});
  assertEquals(environmentValues([report!], () => "full"), { report: "full" });
  const wrong = values({ LOCKSTEP_EXIT: "maybe" });
  assertThrows(
    () => parseOptions(configSchema.pick({ exit: true }), wrong, (key) => variableOf(key)!),
    InputError,
    'LOCKSTEP_EXIT is "maybe": expected a boolean',
  );
});

/** Calls `use` with variables in the environment of this process. */
async function withVariables(variables: Readonly<Record<string, string>>, use: () => Promise<void> | void) {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await use();
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
}

Deno.test("a flag overrides its variable, a variable the config file, and that the default", () =>
  withFolder(async (folder) => {
    const file = join(folder, "config.json");
    await Deno.writeTextFile(file, '{"port": 1, "grace": 1, "batchMax": 1}');
    await withVariables({ LOCKSTEP_PORT: "2", LOCKSTEP_GRACE: "2" }, async () => {
      const { values, nameOf } = parseArguments(["--port", "3"], flags, []);
      const { port, grace, batchMax, queueMax } = resolveConfig(undefined, [await readConfigFile(file), {
        values,
        nameOf,
      }]);
      assertEquals([port, grace, batchMax, queueMax], [3, 2, 1, 4096]);
      assertEquals(["port", "grace"].map(nameOf), ["--port", "LOCKSTEP_GRACE"]);
    });
  }));

/** Returns the variables of the flags in a help. */
function variablesOf(help: string): string[] {
  const names = [...help.matchAll(/^ {2}--(\S+ \S+)/gm)].map(([, name]) => name);
  return flags.filter(({ name, value }) => names.includes(`${name} ${value}`)).flatMap(({ key }) =>
    variableOf(key) ?? []
  );
}

Deno.test("each permission set allows the variables of its commands' flags", () => {
  const sets = z.record(z.string(), z.object({ env: z.array(z.string()) })).parse(denoJson.permissions);
  const helps = { predict: predictHelp(), evaluate: evaluateHelp(), check: checkHelp(), verify: verifyHelp() };
  for (const [name, help] of Object.entries(helps)) {
    // Evaluations replace no line of the terminal.
    const terminal = name === "evaluate" ? [] : ["TERM"];
    assertEquals(sets[name]!.env.toSorted(), ["INIT_CWD", ...terminal, ...variablesOf(help)].toSorted(), name);
  }
  assertEquals(sets["export"]!.env, ["LOCKSTEP_RUNS_DIR", "INIT_CWD"]);
  assertEquals(sets["train"]!.env, ["LOCKSTEP_*", "INIT_CWD", "TERM"]);
  assertEquals(sets["serve"]!.env, ["LOCKSTEP_*", "INIT_CWD"]);
});

Deno.test("tasks find runs by id and latest in --runs-dir, and in LOCKSTEP_RUNS_DIR", () =>
  withFolder(async (folder) => {
    const runs = join(folder, "runs");
    // Training reads variables, too: it would serve without end but for LOCKSTEP_EXIT.
    const env = { LOCKSTEP_RUNS_DIR: runs, LOCKSTEP_EXIT: "true" };
    const trained = await start("train", folder, [...TINY, "--epochs=1"], "", env).finished;
    assertEquals(trained.code, 0, trained.stderr);
    const id = (await latestOf(runs)).slice(runs.length + 1);
    const ids = ["1", "2", "3", "4", "5", "6", "7", "8"];
    for (const name of ["latest", id]) {
      const predicted = await run("predict", folder, [name, ...ids, "--runs-dir", runs]);
      assertStringIncludes(predicted.stdout, "Class: ", predicted.stderr);
    }
    const tasks = [["verify", []], ["export", ["--to", "safetensors"]], ["resume", []]] as const;
    for (const [task, args] of tasks) {
      const { code, stderr } = await start(task, folder, ["latest", ...args], "", env).finished;
      assertEquals([task, code], [task, 0], stderr);
    }
    const { stderr } = await run("predict", folder, ["latest", ...ids, "--runs-dir", join(folder, "none")]);
    assertStringIncludes(stderr, `There is no run in "${join(folder, "none", "latest")}"`);
  }));
