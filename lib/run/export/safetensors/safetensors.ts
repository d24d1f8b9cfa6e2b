/** Exports a model for PyTorch: its tensors, and a module that reads texts and n-grams as this program does. */
import { encodeSafetensors } from "../../../model/formats/safetensors.ts";
import { toPytorch } from "../../../model/formats/pytorch.ts";
import { namesAsMetadata } from "../../../model/formats/weight_names.ts";
import { trainedModel } from "../../../model/task_model.ts";
import type { TrainedModel } from "../../../predict/trained_model.ts";
import type { ExportFormat, Files } from "../format.ts";
import { characterTable } from "./characters.ts";
import modelPy from "./model.py" with { type: "text" };

export const safetensors: ExportFormat = {
  description: "model.safetensors, with PyTorch's names and shapes, and the model.py that loads it",
  copied: [],
  make: files,
};

function files({ config, labels, version, preprocessing }: TrainedModel): Files {
  const { spec, layout } = trainedModel(config, labels);
  const names = namesAsMetadata({ labels, vocabulary: preprocessing?.vocabulary });
  const metadata = { format: "pt", digest: version.digest, ...names };
  const weights = encodeSafetensors({ metadata, tensors: toPytorch(spec, layout, version.weights) });
  const files = new Map<string, Uint8Array | string>([["model.safetensors", weights], ["model.py", modelPy]]);
  const isPlain = preprocessing && preprocessing.tokenizer.kind !== "huggingface";
  return isPlain ? files.set("characters.json", JSON.stringify(characterTable())) : files;
}
