/** Weights that a training starts from, read from a safetensors file: PyTorch's own, or those that a run exported. */
import { counted } from "../../base/counted.ts";
import { stat } from "node:fs/promises";
import { DamagedFile, errorMessage, InputError } from "../../base/errors.ts";
import type { ParameterLayout } from "../../model/layout.ts";
import { fromPytorch, toPytorch } from "../../model/formats/pytorch.ts";
import type { ModelSpec } from "../../model/spec.ts";
import { readBytes } from "../files/files.ts";
import { sha256 } from "../../base/sha256.ts";
import { decodeSafetensors, type NamedTensor } from "../../model/formats/safetensors.ts";
import { areSame, type Matched, matchRows, namesOf, type WeightNames } from "../../model/formats/weight_names.ts";

export interface GivenWeights {
  readonly path: string;
  readonly tensors: readonly NamedTensor[];
  /** What their rows are of, where the file says so. */
  readonly names: WeightNames | undefined;
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
    const { tensors, metadata } = decodeSafetensors(bytes);
    return { path, tensors, names: namesOf(metadata), digest };
  } catch (error) {
    throw refuse(`${path} cannot be used: ${errorMessage(error)} (float32 tensors are expected)`);
  }
}

export interface GivenVector {
  readonly vector: Float32Array;
  /** What somebody should know about them. */
  readonly warnings: readonly string[];
}

/**
 * The flat vector of the model, whose rows are of `names`: words and classes that the weights know keep theirs, and others
 * have those of `initial`. Throws an InputError that names the tensor if they are those of another model.
 */
export async function givenVector(
  { path, tensors, names: from }: GivenWeights,
  { spec, layout }: { readonly spec: ModelSpec; readonly layout: ParameterLayout },
  names: WeightNames,
  initial: () => Promise<Float32Array>,
): Promise<GivenVector> {
  const strange = tensors.find(({ values }) => !values.every(Number.isFinite));
  if (strange) throw refuse(`${path}: tensor "${strange.name}" has values that are not finite`);
  const isKnown = from !== undefined && !areSame(from, names);
  const before = isKnown ? toPytorch(spec, layout, await initial()) : [];
  try {
    if (!isKnown) return { vector: fromPytorch(spec, layout, tensors), warnings: unnamed(path, from, names) };
    const matched = matchRows(tensors, before, from, names);
    return { vector: fromPytorch(spec, layout, matched.tensors), warnings: told(path, matched) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refuse(`${path} does not fit this model: ${error.message}`);
  }
}

function unnamed(path: string, from: WeightNames | undefined, { vocabulary }: WeightNames): string[] {
  if (from || !vocabulary) return [];
  return [`${path} does not say which words its rows are of: it must be of the same words, in the same order`];
}

function told(path: string, { words, newWords, newLabels }: Matched): string[] {
  const quoted = (names: readonly string[]) =>
    names.slice(0, NAMED).map((name) => JSON.stringify(name)).join(", ") + (names.length > NAMED ? ", …" : "");
  return [
    ...newWords.length > 0
      ? [
        `${path} knows ${words} of ${counted(words + newWords.length, "word")}; others begin untrained: ${
          quoted(newWords)
        }`,
      ]
      : [],
    ...newLabels.length > 0 ? [`${path} does not know the labels ${quoted(newLabels)}: they begin untrained`] : [],
  ];
}

/** Words and labels that are named in a warning. */
const NAMED = 5;

/** Most that is read: no model has more, as its state and workspaces have to fit into 4 GiB. */
const MOST_BYTES = 2 ** 32;

async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new RangeError(`${counted(size, "byte")}, expected at most ${MOST_BYTES}`);
    return await readBytes(path);
  } catch (error) {
    throw refuse(`${path} cannot be read: ${error instanceof DamagedFile ? error.reason : errorMessage(error)}`);
  }
}

function refuse(message: string): InputError {
  return new InputError([{ field: "weights", message: `weights: ${message}` }]);
}
