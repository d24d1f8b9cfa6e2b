/** `runs` lists the runs of a folder, newest first. It writes nothing. */
import { basename, join } from "node:path";
import { z } from "zod";
import { configSchema } from "../../config/schema.ts";
import { deniedAccess, inputError, missingPermission } from "../../base/errors.ts";
import { columnOf, dataOf, stateOf } from "../../report/run_columns.ts";
import { listRuns } from "../../run/files/directory.ts";
import { readRun, selectRuns } from "../../run/library/saved_runs.ts";
import { RUN_STATES, type RunDetail } from "../../run/types.ts";
import { parseArguments, parseOptions } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { flagsOf } from "../arguments/flags.ts";
import { commandHelp } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { restrictReading } from "../arguments/reading.ts";
import { table } from "../terminal/columns.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} runs [TEXT] [FLAGS]   (TEXT: in the id, name, note, tags or data)`;

/** States of saved runs; a run that waits in a queue has no directory yet. */
const SAVED = ["running", "finished", "failed", "interrupted"] as const satisfies (typeof RUN_STATES[number])[];

const optionsSchema = z.strictObject({
  tag: z.string().default("").describe("only runs with this tag"),
  state: z.enum(["any", ...SAVED]).default("any").describe("only runs in this state"),
  limit: z.int().min(0).max(100_000).default(20).describe("newest runs to list; 0: all"),
  json: z.boolean().default(false).describe("print the runs as JSON, as GET /runs does"),
  runsDir: configSchema.shape.runsDir,
});
const own = flagsOf(optionsSchema);

/** Returns the help of `runs`, with every flag and its default. */
export function runsHelp(): string {
  return commandHelp(USAGE, own);
}

export async function runsCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, nameOf, help, positionals: [text, ...more] } = parseArguments(args, own, []);
  if (help) {
    terminal.write(runsHelp());
    return ExitCode.done;
  }
  if (more.length > 0) throw inputError("text", `Expected one text, but got ${1 + more.length}. Usage: ${USAGE}`);
  const { tag, state, limit, json, runsDir } = parseOptions(optionsSchema, values, nameOf);
  restrictReading({}, new Map(), [runsDir]);
  const ids = await listRuns(runsDir).catch((error: unknown) => {
    if (!deniedAccess(error)) throw error;
    throw inputError("runsDir", `Cannot read the runs in "${runsDir}": ${missingPermission("read", runsDir)}`);
  });
  const found = await selectRuns(ids, (id) => readRun(join(runsDir, id)), {
    text,
    ...tag !== "" && { tag },
    ...state !== "any" && { state },
    // One more than requested shows whether there are older ones.
    ...limit > 0 && { limit: limit + 1 },
  });
  const runs = limit > 0 ? found.slice(0, limit) : found;
  if (json) {
    terminal.json(runs, 2);
    return ExitCode.done;
  }
  const where = JSON.stringify(runsDir);
  if (runs.length === 0) {
    terminal.line(ids.length === 0 ? `There is no run in ${where}` : `None of the runs in ${where} matches`);
    return ExitCode.done;
  }
  runTable(runs, terminal.width()).forEach(terminal.line);
  if (found.length > runs.length) terminal.note(`There are older runs: --limit 0 lists all`);
  return ExitCode.done;
}

/** Returns the id of the run that a run continues from; "" for none. */
function parentOf({ config: { from } }: RunDetail): string {
  return typeof from === "string" ? basename(from) : "";
}

function runTable(runs: readonly RunDetail[], width: number | undefined): string[] {
  const text = (head: string, cell: (run: RunDetail) => string, rank: number) => ({
    head,
    cells: runs.map(cell),
    rank,
  });
  const result = (name: string, rank: number) => ({ ...text(name, columnOf(name).text, rank), side: "start" as const });
  return table([
    text("run", ({ id }) => id, 0),
    text("state", stateOf, 0),
    text("name", ({ name = "" }) => name, 2),
    text("tags", ({ tags = [] }) => tags.join(", "), 4),
    result("accuracy", 1),
    result("loss", 5),
    result("macro-F1", 6),
    result("epochs", 8),
    result("time", 7),
    text("data", dataOf, 3),
    ...runs.some((run) => parentOf(run) !== "") ? [text("from", parentOf, 9)] : [],
  ], width);
}
