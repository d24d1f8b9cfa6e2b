/** `export RUN --to tfjs|safetensors`: the run's model for other programs. */
import { join } from "node:path";
import { deniedAccess, InputError } from "../../base/errors.ts";
import { cannotWrite } from "../arguments/messages.ts";
import { EXPORT_FORMATS, exportModel } from "../../run/export/export.ts";
import { openModel } from "../../run/open_model.ts";
import { parseArguments } from "../arguments/arguments.ts";
import { ExitCode } from "../exit_codes.ts";
import { oneRun } from "../arguments/run_argument.ts";
import type { Terminal } from "../terminal/terminal.ts";

const USAGE = `deno task export RUN --to ${EXPORT_FORMATS.join("|")} [--out FOLDER]`;

const HELP = `Usage: ${USAGE}

  --to tfjs                     model.json and weights.bin, which tf.loadLayersModel loads,
                                with predict.js
  --to safetensors              model.safetensors, with PyTorch's names and shapes, and the
                                model.py that loads it
  --out FOLDER                  where to; a folder of the same name inside the run if left out

Both come with lockstep.json: labels, sizes, config and digest. A model of files has its
preprocessing.json beside it, and ngrams.safetensors if it is combined with n-grams: predict.js
and model.py take texts, tokens by name and token ids, and give the probabilities that this
program gives. A model with a tokenizer of Hugging Face takes no texts there. The way back:
train --weights model.safetensors.
`;

export async function exportCommand(args: readonly string[], { terminal }: { terminal: Terminal }): Promise<ExitCode> {
  const { extra: { to, out }, help, positionals } = parseArguments(args, [], ["to", "out"]);
  if (help) {
    terminal.write(HELP);
    return ExitCode.done;
  }
  const directory = await oneRun(positionals, USAGE);
  const format = EXPORT_FORMATS.find((name) => name === to);
  if (!format) {
    const wanted = `expected ${EXPORT_FORMATS.join(" or ")}`;
    throw new InputError([{ field: "--to", message: `--to is ${to ?? "missing"}: ${wanted}. Usage: ${USAGE}` }]);
  }
  const { preprocessing } = await openModel(directory);
  const folder = out ?? join(directory, format);
  const files = await exportModel(directory, format, folder).catch((error: unknown) => {
    throw deniedAccess(error)?.access === "write" ? cannotWrite(folder, "--out") : error;
  });
  terminal.line(`Wrote ${files.join(", ")} to ${folder}`);
  if (preprocessing?.tokenizer.kind === "huggingface") {
    terminal.line(
      "Its tokenizer is one of Hugging Face, whose library is not part of an export: it takes no texts, but tokens by " +
        "name, as that tokenizer cuts them, or token ids",
    );
  }
  return ExitCode.done;
}
