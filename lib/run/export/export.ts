/** Exports a run's model for other libraries, as a folder with all files that predictions need. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FOLDER_MODE, readBytes, writeWhole } from "../files/files.ts";
import { NGRAMS, PREPROCESSING, readModel } from "../files/model_files.ts";
import type { ExportFormat } from "./format.ts";
import { js } from "./js/js.ts";
import { onnx } from "./onnx/onnx.ts";
import { safetensors } from "./safetensors/safetensors.ts";
import { tfjs } from "./tfjs/tfjs.ts";

/** Lists all formats: a new one needs only its entry. */
export const EXPORT_FORMATS = { js, tfjs, safetensors, onnx } as const satisfies Readonly<Record<string, ExportFormat>>;

/** The file of a whole model, which only one format has. */
const MODEL_FILE = "model.lockstep";

/**
 * Writes the model of the run in `directory` into `folder`, and returns the files' names. Throws a RangeError that names
 * the file if the model is damaged. `small` replaces the file of a whole model.
 */
export async function exportModel(
  directory: string,
  format: keyof typeof EXPORT_FORMATS,
  folder: string,
  small?: Uint8Array,
): Promise<string[]> {
  const model = await readModel(directory);
  const { copied, standsAlone, make }: ExportFormat = EXPORT_FORMATS[format];
  const files = new Map<string, Uint8Array | string>();
  const common = ["lockstep.json", model.preprocessing && PREPROCESSING, model.version.ngrams && NGRAMS];
  for (const name of standsAlone ? [] : [...common, ...copied]) {
    if (name) files.set(name, await readBytes(join(directory, "model", name)));
  }
  for (const [name, content] of await make(model)) files.set(name, content);
  if (small) files.set(MODEL_FILE, small);
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  for (const [name, content] of files) await writeWhole(join(folder, name), content);
  return [...files.keys()];
}
