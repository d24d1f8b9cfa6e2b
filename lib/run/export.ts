/** A run's model for other programs: a folder that TensorFlow.js or PyTorch loads, with all that it needs beside it. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { toPytorch } from "../model/pytorch.ts";
import { trainedModel } from "../model/task_model.ts";
import { browserPredictor } from "./exported/browser_modules.ts";
import { characterTable } from "./exported/characters.ts";
import modelPy from "./exported/model.py" with { type: "text" };
import { writeWhole } from "./files.ts";
import { NGRAMS, PREPROCESSING, readModel, type SavedModel } from "./model_files.ts";
import { encodeSafetensors } from "./safetensors.ts";

export const EXPORT_FORMATS = ["tfjs", "safetensors"] as const;
export type ExportFormat = typeof EXPORT_FORMATS[number];

/**
 * Writes the model of the run in `directory` into `folder`, and returns the files' names. Throws a RangeError that names
 * the file if the model is damaged.
 */
export async function exportModel(directory: string, format: ExportFormat, folder: string): Promise<string[]> {
  const model = await readModel(directory);
  const saved = (name: string) => readFile(join(directory, "model", name));
  const files = new Map<string, Uint8Array | string>();
  const names = ["lockstep.json", model.preprocessing && PREPROCESSING, model.version.ngrams && NGRAMS];
  for (const name of names) if (name) files.set(name, await saved(name));
  if (format === "tfjs") {
    for (const name of ["model.json", "weights.bin"]) files.set(name, await saved(name));
    files.set("predict.js", browserPredictor());
  } else {
    for (const [name, content] of pytorchFiles(model)) files.set(name, content);
  }
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeWhole(join(folder, name), content);
  return [...files.keys()];
}

function pytorchFiles({ config, labels, version, preprocessing }: SavedModel): Map<string, Uint8Array | string> {
  const { spec, layout } = trainedModel(config, labels);
  const metadata = { format: "pt", digest: version.digest };
  const weights = encodeSafetensors({ metadata, tensors: toPytorch(spec, layout, version.weights) });
  const files = new Map<string, Uint8Array | string>([["model.safetensors", weights], ["model.py", modelPy]]);
  const isPlain = preprocessing && preprocessing.tokenizer.kind !== "huggingface";
  return isPlain ? files.set("characters.json", JSON.stringify(characterTable())) : files;
}
