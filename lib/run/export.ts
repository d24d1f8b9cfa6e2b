/** A run's model for other programs: a folder that TensorFlow.js or PyTorch loads, with all that it needs beside it. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { toPytorch } from "../model/pytorch.ts";
import { trainedModel } from "../model/task_model.ts";
import predictJs from "./exported/predict.js" with { type: "text" };
import modelPy from "./exported/model.py" with { type: "text" };
import { writeWhole } from "./files.ts";
import { readModel } from "./model_files.ts";
import { encodeSafetensors } from "./safetensors.ts";

export const EXPORT_FORMATS = ["tfjs", "safetensors"] as const;
export type ExportFormat = typeof EXPORT_FORMATS[number];

/**
 * Writes the model of the run in `directory` into `folder`, and returns the files' names. Throws a RangeError that names
 * the file if the model is damaged.
 */
export async function exportModel(directory: string, format: ExportFormat, folder: string): Promise<string[]> {
  const { config, labels, version } = await readModel(directory);
  const saved = async (name: string) => [name, await readFile(join(directory, "model", name))] as const;
  const files = new Map<string, Uint8Array | string>([await saved("lockstep.json")]);
  if (format === "tfjs") {
    files.set(...await saved("model.json")).set(...await saved("weights.bin")).set("predict.js", predictJs);
  } else {
    const { spec, layout } = trainedModel(config, labels);
    const metadata = { format: "pt", digest: version.digest };
    files.set("model.safetensors", encodeSafetensors({ metadata, tensors: toPytorch(spec, layout, version.weights) }));
    files.set("model.py", modelPy);
  }
  await mkdir(folder, { recursive: true });
  for (const [name, content] of files) await writeWhole(join(folder, name), content);
  return [...files.keys()];
}
