/** `export RUN --to tfjs|safetensors` writes the run's model for other programs. */
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
  --out FOLDER                  target folder; default: a folder in the run with the name
                                of the format

Both include lockstep.json with labels, sizes, config and digest. A model that was
trained on files also has preprocessing.json, and ngrams.safetensors if it is combined
with n-grams: predict.js and model.py accept texts, tokens by name and token ids, and
return the same probabilities as this program. With a Hugging Face tokenizer they
accept no texts. To train from exported weights: train --weights model.safetensors.
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
      "The model has a Hugging Face tokenizer, whose library is not part of an export: the exported model accepts " +
        "tokens by name, as that tokenizer cuts them, or token ids, but no texts",
    );
  }
  return ExitCode.done;
}
