import { z } from "zod";
import { type ParameterLayout, tensorView } from "./layout.ts";

/** What is needed of a `model.json`, in the format of tfjs. */
const modelJson = z.object({
  weightsManifest: z.array(z.object({
    weights: z.array(z.object({
      name: z.string(),
      shape: z.array(z.int().nonnegative()),
      dtype: z.literal("float32"),
      quantization: z.undefined().optional(),
    })),
  })),
});

interface SavedTensor {
  readonly shape: readonly number[];
  /** First byte in `weights.bin`. */
  readonly offset: number;
}

/**
 * The flat vector of a saved LayersModel, gaps 0, without loading tfjs. `weightsBin` holds the tensors of the manifest
 * one after the other, float32 little-endian. Throws a RangeError if the files are damaged or of another model.
 */
export function readSavedWeights(json: Uint8Array, weightsBin: Uint8Array, layout: ParameterLayout): Float32Array {
  const saved = tensorsOf(json, weightsBin.length);
  const weights = new Float32Array(layout.size);
  const bytes = new DataView(weightsBin.buffer, weightsBin.byteOffset, weightsBin.byteLength);
  for (const tensor of layout.tensors) {
    const source = saved.get(tensor.name);
    if (!source) {
      throw new RangeError(`Cannot read model.json: no tensor "${tensor.name}" among ${[...saved.keys()].join(", ")}`);
    }
    if (source.shape.join() !== tensor.shape.join()) {
      throw new RangeError(
        `Cannot read model.json: tensor "${tensor.name}" is [${source.shape}], expected [${tensor.shape}]`,
      );
    }
    const values = tensorView(weights, tensor);
    for (let i = 0; i < values.length; i++) values[i] = bytes.getFloat32(source.offset + 4 * i, true);
  }
  return weights;
}

function tensorsOf(json: Uint8Array, bytes: number): Map<string, SavedTensor> {
  const { weightsManifest } = parseModelJson(json);
  const tensors = new Map<string, SavedTensor>();
  let offset = 0;
  for (const { name, shape } of weightsManifest.flatMap((group) => group.weights)) {
    tensors.set(name, { shape, offset });
    offset += 4 * shape.reduce((product, extent) => product * extent, 1);
  }
  if (offset !== bytes) throw new RangeError(`Cannot read weights.bin: it has ${bytes} bytes, expected ${offset}`);
  return tensors;
}

function parseModelJson(json: Uint8Array): z.infer<typeof modelJson> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(json));
  } catch (cause) {
    throw new RangeError("Cannot read model.json: it is not JSON", { cause });
  }
  const parsed = modelJson.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new RangeError(`Cannot read model.json: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return parsed.data;
}
