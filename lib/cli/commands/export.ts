/** `export RUN --to FORMAT` writes the run's model for other programs. */
import { join } from "node:path";
import { byteSize } from "../../base/numbers/byte_size.ts";
import { deniedAccess, inputError } from "../../base/errors.ts";
import { cannotWrite } from "../arguments/messages.ts";
import { configPaths } from "../../config/schema.ts";
import { EXPORT_FORMATS, exportModel } from "../../run/export/export.ts";
import type { ExportFormat } from "../../run/export/format.ts";
import { smallModel } from "../../run/export/small/small_model.ts";
import { openModel } from "../../run/open_model.ts";
import { smallModelReport } from "../terminal/small_model_report.ts";
import { flagRow, section } from "../arguments/help.ts";
import { parseArguments } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { PROGRAM } from "../arguments/program.ts";
import { flagsFor, oneRun } from "../arguments/run_argument.ts";
import { restrictReading, restrictWriting } from "../arguments/reading.ts";
import type { Terminal } from "../terminal/terminal.ts";

const NAMES = Object.keys(EXPORT_FORMATS);
const USAGE = `${PROGRAM} export RUN --to ${NAMES.join("|")} [--out FOLDER] [--size SIZE]`;

const own = flagsFor((key) => key === "runsDir");

const FLAGS = [
  ...Object.entries(EXPORT_FORMATS).map(([name, { description }]) => [`--to ${name}`, description] as const),
  ["--out FOLDER", "target folder; default: a folder in the run with the name of the format"],
  ["--size SIZE", "most bytes of model.lockstep, such as 300kB or 1MB: words and n-grams are left out, for js"],
] as const;

const HELP = `Usage: ${USAGE}

${section("", [...FLAGS, ...own.map(flagRow)])}
js needs no package and has this program's bits. The others include lockstep.json with
labels, sizes, config and digest. A model that was trained on files also has
preprocessing.json, and ngrams.safetensors if it is combined with n-grams: predict.js and
model.py accept texts, tokens by name and token ids, and return the same probabilities as
this program; README.md says how. With a Hugging Face tokenizer Python needs the package
tokenizers.
To train from exported weights: train --weights model.safetensors.
`;

function isFormat(name: string | undefined): name is keyof typeof EXPORT_FORMATS {
  return name !== undefined && Object.hasOwn(EXPORT_FORMATS, name);
}

/** Returns the bytes that --size gives. Throws an InputError. */
function sizeFor(format: string, text: string): number {
  if (format !== "js") throw inputError("--size", `--size is for --to js, but --to is ${format}: expected no --size`);
  const bytes = byteSize(text);
  if (bytes !== undefined) return bytes;
  throw inputError("--size", `--size is "${text}": expected a size such as 300kB, 1MB or 1MiB`);
}

export async function exportCommand(args: readonly string[], { terminal }: { terminal: Terminal }): Promise<ExitCode> {
  const { values, extra: { to, out, size }, help, positionals } = parseArguments(args, own, ["to", "out", "size"]);
  if (help) {
    terminal.write(HELP);
    return ExitCode.done;
  }
  const directory = await oneRun(positionals, USAGE, values);
  if (!isFormat(to)) {
    const wanted = `expected ${NAMES.slice(0, -1).join(", ")} or ${NAMES.at(-1)}`;
    throw inputError("--to", `--to is ${to ?? "missing"}: ${wanted}. Usage: ${USAGE}`);
  }
  const most = size === undefined ? undefined : sizeFor(to, size);
  const model = await openModel(directory);
  const folder = out ?? join(directory, to);
  // A small model is measured on the run's own rows.
  restrictReading(most === undefined ? {} : model.config, configPaths, [directory, folder]);
  restrictWriting([folder]);
  const small = most === undefined ? undefined : await smallModel(model, most, { directory });
  const files = await exportModel(directory, to, folder, small?.bytes).catch((error: unknown) => {
    throw deniedAccess(error)?.access === "write" ? cannotWrite(folder, "--out") : error;
  });
  terminal.line(`Wrote ${files.join(", ")} to ${folder}`);
  for (const line of small ? smallModelReport(small) : []) terminal.line(line);
  const { note }: ExportFormat = EXPORT_FORMATS[to];
  const more = note?.(model);
  if (more) terminal.line(more);
  return ExitCode.done;
}
