/** `compare RUN RUN …` prints what differs between runs: config, then results, then classes. It writes nothing. */
import { z } from "zod";
import { configSchema } from "../../config/schema.ts";
import { inputError } from "../../base/errors.ts";
import { classDifferences, type Difference, differingKeys } from "../../report/differences.ts";
import { columnOf, dataOf, results, stateOf } from "../../report/run_columns.ts";
import { readEvaluations } from "../../run/files/metrics_files.ts";
import { readRun } from "../../run/library/saved_runs.ts";
import type { RunDetail } from "../../run/types.ts";
import { parseArguments, parseOptions } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { flagsOf } from "../arguments/flags.ts";
import { commandHelp } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { restrictReading } from "../arguments/reading.ts";
import { namedRun } from "../arguments/run_argument.ts";
import { columns, fitted } from "../terminal/columns.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} compare RUN RUN … [FLAGS]`;

/** Letters stand for the runs, whose ids would not fit beside each other. */
const MOST_RUNS = 26;

const optionsSchema = z.strictObject({
  classes: z.int().min(0).max(100_000).default(10).describe("classes whose F1 differs most; 0: none"),
  json: z.boolean().default(false).describe("print the runs and what differs as JSON"),
  runsDir: configSchema.shape.runsDir,
});
const own = flagsOf(optionsSchema);

/** Returns the help of `compare`, with every flag and its default. */
export function compareHelp(): string {
  return commandHelp(USAGE, own);
}

export async function compareCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, nameOf, help, positionals } = parseArguments(args, own, []);
  if (help) {
    terminal.write(compareHelp());
    return ExitCode.done;
  }
  if (positionals.length < 2 || positionals.length > MOST_RUNS) {
    const message = `Expected 2 to ${MOST_RUNS} runs, but got ${positionals.length || "none"}. Usage: ${USAGE}`;
    throw inputError("run", message);
  }
  const { classes: most, json } = parseOptions(optionsSchema, values, nameOf);
  const directories = await Promise.all(positionals.map((path) => namedRun(path, values)));
  restrictReading({}, new Map(), directories);
  const runs = await Promise.all(directories.map((directory) => existing(directory)));
  const evaluations = await Promise.all(runs.map(async ({ summary }, at) => {
    const both = summary && await readEvaluations(directories[at]!, summary);
    return both?.test ?? both?.validation;
  }));
  const classes = evaluations.filter(Boolean).length > 1 ? classDifferences(evaluations, most) : [];
  const config = differingKeys(runs);
  if (json) {
    const rows = (of: readonly Difference[], value: (name: string) => readonly unknown[]) =>
      Object.fromEntries(of.map(({ name }) => [name, value(name).map((one) => one ?? null)]));
    const f1 = (label: string) => evaluations.map((one) => one?.classes.find((known) => known.label === label)?.f1);
    terminal.json({
      runs,
      config: rows(config, (key) => runs.map((run) => run.config[key])),
      results: rows(results(runs), (name) => runs.map(columnOf(name).value)),
      f1: rows(classes, f1),
    }, 2);
    return ExitCode.done;
  }
  const width = terminal.width();
  const letters = runs.map((_, at) => String.fromCharCode(65 + at));
  for (const [at, run] of runs.entries()) terminal.line(fitted(`${letters[at]}  ${titleOf(run)}`, width ?? Infinity));
  const section = (title: string, rows: readonly Difference[]) => {
    terminal.line("");
    const room = Math.max(8, Math.floor((width ?? 120) / (runs.length + 1)) - 2);
    const cells = rows.map(({ name, values }) => [name, ...values.map((value) => fitted(value, room))]);
    columns([[title, ...letters], ...cells], width).forEach(terminal.line);
  };
  if (config.length > 0) section("Config", config);
  else terminal.write("\nThe configs are equal\n");
  if (results(runs).length > 0) section("Results", results(runs));
  if (classes.length > 0) section("F1 by class", classes);
  return ExitCode.done;
}

async function existing(directory: string): Promise<RunDetail> {
  const run = await readRun(directory);
  if (run) return run;
  throw inputError("run", `There is no run in "${directory}"`);
}

function titleOf(run: RunDetail): string {
  const { id, name = "", tags = [] } = run;
  return [id, name, tags.join(", "), dataOf(run), stateOf(run)].filter((part) => part !== "").join(" · ");
}
