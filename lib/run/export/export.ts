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

type Files = ReadonlyMap<string, Uint8Array | string>;

interface ExportFormat {
  /** Describes its files in the help. */
  readonly description: string;
  /** The files of a run's `model/` that only this format has. */
  readonly copied: readonly string[];
  /** Makes the others. */
  readonly make: (model: TrainedModel) => Files;
}

/** Lists all formats: a new one needs only its entry. */
export const EXPORT_FORMATS = {
  tfjs: {
    description: "model.json and weights.bin, which tf.loadLayersModel loads, with predict.js",
    copied: ["model.json", "weights.bin"],
    make: () => new Map([["predict.js", browserPredictor()]]),
  },
  safetensors: {
    description: "model.safetensors, with PyTorch's names and shapes, and the model.py that loads it",
    copied: [],
    make: pytorchFiles,
  },
} as const satisfies Readonly<Record<string, ExportFormat>>;

/**
 * Writes the model of the run in `directory` into `folder`, and returns the files' names. Throws a RangeError that names
 * the file if the model is damaged.
 */
export async function exportModel(
  directory: string,
  format: keyof typeof EXPORT_FORMATS,
  folder: string,
): Promise<string[]> {
  const model = await readModel(directory);
  const { copied, make } = EXPORT_FORMATS[format];
  const files = new Map<string, Uint8Array | string>();
  const names = ["lockstep.json", model.preprocessing && PREPROCESSING, model.version.ngrams && NGRAMS];
  for (const name of [...names, ...copied]) {
    if (name) files.set(name, await readBytes(join(directory, "model", name)));
  }
  for (const [name, content] of make(model)) files.set(name, content);
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
