/** `check FILE …` reads data as training would, and reports on it. It trains nothing and writes nothing. */
import { counted } from "../../base/counted.ts";
import { z } from "zod";
import { flagsOf } from "../arguments/flags.ts";
import { inspectData } from "../../data/load/load.ts";
import { pathMarks } from "../../config/paths.ts";
import { dataShape } from "../../config/data_shape.ts";
import { InputError, inputError } from "../../base/errors.ts";
import { callersFiles, parseArguments, parseOptions } from "../arguments/arguments.ts";
import { checkReport } from "../terminal/check_report.ts";
import { withTexts } from "../../data/load/example_texts.ts";
import { shellWord } from "../../report/outcome.ts";
import { ExitCode } from "../exit_codes.ts";
import { commandHelp } from "../arguments/help.ts";
import { PROGRAM } from "../arguments/program.ts";
import { restrictReading } from "../arguments/reading.ts";
import { complain, type Terminal } from "../terminal/terminal.ts";

const USAGE = `${PROGRAM} check FILE … [FLAGS]   (- for standard input)`;

const optionsSchema = z.strictObject({
  ...dataShape,
  seed: z.int().min(0).max(2 ** 32 - 1).default(1).describe(
    "seed of the choice of validation rows; a whole number below 2^32",
  ),
  json: z.boolean().default(false).describe("print the statistics as JSON"),
});
const flags = flagsOf(optionsSchema);

/** Returns the help of `check`: every flag with its default. */
export function checkHelp(): string {
  return commandHelp(USAGE, flags);
}

/** Prints statistics of the files. Exits with bad input if training would refuse them. */
export async function checkCommand(
  args: readonly string[],
  terminal: Terminal,
  input?: AsyncIterable<Uint8Array>,
): Promise<ExitCode> {
  const { values, help, positionals } = parseArguments(args, flags, []);
  if (help) {
    terminal.write(checkHelp());
    return ExitCode.done;
  }
  if (positionals.length === 0) throw inputError("file", `No file is named. Usage: ${USAGE}`);
  const { json, ...options } = parseOptions(optionsSchema, values);
  if (options.groupColumn !== "" && options.timeColumn !== "") {
    throw inputError("timeColumn", "`timeColumn` and `groupColumn` are both given: expected one of them");
  }
  const sources = callersFiles(positionals);
  restrictReading(options, pathMarks(optionsSchema), sources);
  const { data, refusals } = await inspectData({
    ...options,
    sources,
    ...input && { input },
    onRows: (rows) => terminal.live(counted(rows, "row")),
  }, true);
  const statistics = await withTexts(data, options);
  if (json) terminal.json({ ...statistics, refusals }, 2);
  else for (const line of checkReport(statistics, options)) terminal.line(line);
  if (refusals.length === 0) {
    if (!json) { for (const line of ["", "Training would accept this data", trainCommand(args)]) terminal.line(line); }
    return ExitCode.done;
  }
  if (!json) terminal.write("\nTraining would refuse this data:\n");
  complain(terminal, new InputError(refusals));
  return ExitCode.badInput;
}

/** Returns the command that trains on the same data: both commands take the same arguments. */
function trainCommand(args: readonly string[]): string {
  return [`${PROGRAM} train`, ...args.map(shellWord)].join(" ");
}
