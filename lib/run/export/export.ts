/** Exports a run's model for TensorFlow.js or PyTorch, as a folder with all files that predictions need. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { toPytorch } from "../../model/formats/pytorch.ts";
import { trainedModel } from "../../model/task_model.ts";
import { browserPredictor } from "./exported/browser_modules.ts";
import { characterTable } from "./exported/characters.ts";
import modelPy from "./exported/model.py" with { type: "text" };
import type { TrainedModel } from "../../predict/trained_model.ts";
import { FOLDER_MODE, readBytes, writeWhole } from "../files/files.ts";
import { NGRAMS, PREPROCESSING, readModel } from "../files/model_files.ts";
import { encodeSafetensors } from "../../model/formats/safetensors.ts";
import { namesAsMetadata } from "../../model/formats/weight_names.ts";

export const EXPORT_FORMATS = ["tfjs", "safetensors"] as const;
type ExportFormat = typeof EXPORT_FORMATS[number];

type Files = ReadonlyMap<string, Uint8Array | string>;

/** The files of a run's `model/` that only one format has. */
const COPIED: Readonly<Record<ExportFormat, readonly string[]>> = {
  tfjs: ["model.json", "weights.bin"],
  safetensors: [],
};

/** Makes the new files of each format. */
const MAKERS: Readonly<Record<ExportFormat, (model: TrainedModel) => Files>> = {
  tfjs: () => new Map([["predict.js", browserPredictor()]]),
  safetensors: pytorchFiles,
};

/**
 * Writes the model of the run in `directory` into `folder`, and returns the files' names. Throws a RangeError that names
 * the file if the model is damaged.
 */
export async function exportModel(directory: string, format: ExportFormat, folder: string): Promise<string[]> {
  const model = await readModel(directory);
  const files = new Map<string, Uint8Array | string>();
  const names = ["lockstep.json", model.preprocessing && PREPROCESSING, model.version.ngrams && NGRAMS];
  for (const name of [...names, ...COPIED[format]]) {
    if (name) files.set(name, await readBytes(join(directory, "model", name)));
  }
  for (const [name, content] of MAKERS[format](model)) files.set(name, content);
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  for (const [name, content] of files) await writeWhole(join(folder, name), content);
  return [...files.keys()];
}

function pytorchFiles({ config, labels, version, preprocessing }: TrainedModel): Files {
  const { spec, layout } = trainedModel(config, labels);
  const names = namesAsMetadata({ labels, vocabulary: preprocessing?.vocabulary });
  const metadata = { format: "pt", digest: version.digest, ...names };
  const weights = encodeSafetensors({ metadata, tensors: toPytorch(spec, layout, version.weights) });
  const files = new Map<string, Uint8Array | string>([["model.safetensors", weights], ["model.py", modelPy]]);
  const isPlain = preprocessing && preprocessing.tokenizer.kind !== "huggingface";
  return isPlain ? files.set("characters.json", JSON.stringify(characterTable())) : files;
}
