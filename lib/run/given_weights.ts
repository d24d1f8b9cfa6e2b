/** Weights that a training starts from, read from a safetensors file: PyTorch's own, or those that a run exported. */
import { stat } from "node:fs/promises";
import { DamagedFile, errorMessage, InputError } from "../errors.ts";
import type { ParameterLayout } from "../model/layout.ts";
import { fromPytorch, type NamedTensor } from "../model/pytorch.ts";
import type { ModelSpec } from "../model/spec.ts";
import { readBytes } from "./files.ts";
import { sha256 } from "./manifest.ts";
import { decodeSafetensors } from "./safetensors.ts";

export interface GivenWeights {
  readonly path: string;
  readonly tensors: readonly NamedTensor[];
  /** SHA-256 of the file. */
  readonly digest: string;
}

/**
 * The file at `path`; nothing if none is named. Throws an InputError if it cannot be read, or if it is not the one with
 * the digest `expected`, which a run began with.
 */
export async function readGivenWeights(path: string, expected?: string): Promise<GivenWeights | undefined> {
  if (path === "") return undefined;
  const bytes = await readWhole(path);
  const digest = await sha256(bytes);
  if (expected !== undefined && digest !== expected) {
    throw refuse(`${path} is not the file that the run began with: its digest differs`);
  }
  try {
    return { path, tensors: decodeSafetensors(bytes).tensors, digest };
  } catch (error) {
    throw refuse(`${path} cannot be used: ${errorMessage(error)} (float32 tensors are expected)`);
  }
}

/** The flat vector of the model. Throws an InputError that names the tensor if they are those of another model. */
export function givenVector({ path, tensors }: GivenWeights, spec: ModelSpec, layout: ParameterLayout): Float32Array {
  const strange = tensors.find(({ values }) => !values.every(Number.isFinite));
  if (strange) throw refuse(`${path}: tensor "${strange.name}" has values that are not finite`);
  try {
    return fromPytorch(spec, layout, tensors);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refuse(`${path} does not fit this model: ${error.message}`);
  }
}

/** Most that is read: no model has more, as its state and workspaces have to fit into 4 GiB. */
const MOST_BYTES = 2 ** 32;

async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new RangeError(`${size} bytes, expected at most ${MOST_BYTES}`);
    return await readBytes(path);
  } catch (error) {
    throw refuse(`${path} cannot be read: ${error instanceof DamagedFile ? error.reason : errorMessage(error)}`);
  }
}

function refuse(message: string): InputError {
  return new InputError([{ field: "weights", message: `weights: ${message}` }]);
}
