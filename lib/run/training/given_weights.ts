/** Reads the weights that a training starts from: a safetensors file of PyTorch or of an exported run, or those of a run. */
import { counted } from "../../base/counted.ts";
import { stat } from "node:fs/promises";
import { DamagedFile, errorMessage, type InputError, inputError } from "../../base/errors.ts";
import type { TrainingConfig } from "../../config/schema.ts";
import { stateDigestInTurns } from "../../lockstep/memory/state.ts";
import type { ParameterLayout } from "../../model/layout.ts";
import { FIRST_KNOWN } from "../../data/vocabulary/vocabulary.ts";
import { keysOfVocabulary } from "../../data/vocabulary/token_keys.ts";
import { composeWords } from "../../model/word_vectors.ts";
import { fromPytorch, LETTERS, toPytorch } from "../../model/formats/pytorch.ts";
import type { ModelSpec } from "../../model/spec.ts";
import { trainedModel } from "../../model/task_model.ts";
import { CheckpointStore } from "../files/checkpoint_store.ts";
import { readBytes } from "../files/files.ts";
import { sha256 } from "../../base/sha256.ts";
import type { NamedTensor } from "../../base/safetensors_header.ts";
import { decodeSafetensors } from "../../model/formats/safetensors.ts";
import { areSame, type Matched, matchRows, namesOf, type WeightNames } from "../../model/formats/weight_names.ts";
import type { Parent } from "./parent.ts";

export interface GivenWeights {
  readonly path: string;
  readonly tensors: readonly NamedTensor[];
  /** The names of their rows, if the file has them. */
  readonly names: WeightNames | undefined;
  /** SHA-256 of the file, or the digest of the run. */
  readonly digest: string;
  /** Present if they are those of a run. */
  readonly ofRun?: {
    /** Adam's moments: for each set the tensors of m and of v. Empty if the run has not kept them. */
    readonly moments: readonly (readonly NamedTensor[])[];
    /** Says whether the rows of words are their own, without the vectors of their letters. */
    readonly isSplit: boolean;
  };
}

/**
 * Reads the weights that a training of `config` starts from, which continues from `parent` or names a file; undefined if
 * they are drawn. `expected` is the digest that a run began with. Throws an InputError.
 */
export async function startingWeights(
  { weights }: Pick<TrainingConfig, "weights">,
  parent: Parent | undefined,
  expected?: string,
): Promise<GivenWeights | undefined> {
  return parent ? await weightsOfRun(parent, expected) : await readGivenWeights(weights, expected);
}

/** Returns the weights of the finished model of a run, with Adam's moments if the run has kept that state. */
async function weightsOfRun({ directory, manifest: { id }, model }: Parent, expected?: string): Promise<GivenWeights> {
  const { config, labels, preprocessing, version: { digest, weights } } = model;
  if (expected !== undefined && digest !== expected) {
    throw inputError(
      "from",
      `Run ${id} has changed since the run that continues from it began: its digest differs`,
    );
  }
  const { spec, layout } = trainedModel(config, labels);
  const tensors = (values: Float32Array) => toPytorch(spec, layout, values);
  const known = { path: `run ${id}`, names: { labels, vocabulary: preprocessing?.vocabulary }, digest };
  const { state } = await new CheckpointStore(directory, layout, 1).newest();
  for (const found of [state, state?.best]) {
    if (!found || await stateDigestInTurns(found) !== digest) continue;
    const vectors = Array.from(
      { length: found.values.length / layout.size },
      (_, at) => tensors(found.values.subarray(at * layout.size, (at + 1) * layout.size)),
    );
    return { ...known, tensors: vectors[0]!, ofRun: { moments: vectors.slice(1), isSplit: true } };
  }
  return { ...known, tensors: tensors(weights), ofRun: { moments: [], isSplit: false } };
}

/**
 * Reads the file at `path`, or undefined if `path` is empty. Throws an InputError if it cannot be read, or if it does not
 * have the digest `expected` of the file that a run began with.
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

interface GivenVector {
  /** The weights, then the moments if they are known. */
  readonly vector: Float32Array;
  readonly warnings: readonly string[];
}

/**
 * Returns the tensors with the rows of the words' own in place of their vectors, for a model with letters like those of the
 * file. Otherwise words keep their vectors: letters are left out, and those of the model begin at 0.
 */
function splitVectors(tensors: readonly NamedTensor[], spec: ModelSpec, words: readonly string[]): NamedTensor[] {
  const { letterRows, embedding } = spec;
  const shape = [letterRows, embedding];
  const letters = tensors.find(({ name }) => name === LETTERS);
  const others = tensors.filter((tensor) => tensor !== letters);
  if (letterRows === 0) return others;
  const none = { name: LETTERS, shape, values: new Float32Array(letterRows * embedding) };
  if (letters?.shape.join() !== shape.join()) return [...others, none];
  const split = others.map((tensor) => {
    if (tensor.name !== "embedding.weight") return tensor;
    const vocabulary = words.length + FIRST_KNOWN;
    const weights = new Float32Array((vocabulary + letterRows) * embedding);
    weights.set(tensor.values.subarray(0, vocabulary * embedding));
    weights.set(letters.values, vocabulary * embedding);
    composeWords(weights, { vocabulary, letterRows, embedding }, keysOfVocabulary(words, true), -1);
    return { ...tensor, values: weights.subarray(0, tensor.values.length) };
  });
  return [...split, letters];
}

/** The model that gets the weights. */
interface Target {
  readonly spec: ModelSpec;
  readonly layout: ParameterLayout;
  /** Sets of Adam's moments. */
  readonly sets: number;
  /** The names of its rows. */
  readonly names: WeightNames;
  /** The first id whose vector comes from a file; the number of ids without one. */
  readonly firstVector: number;
}

/**
 * Returns the flat vector of the model. Words and classes that the file has get its weights, and others get those of
 * `initial`; new words of a run that continues get the vector of unknown words, unless a file gives one. Throws an
 * InputError that names the tensor if the weights are those of another model.
 */
export async function givenVector(
  weights: GivenWeights,
  { spec, layout, sets, names, firstVector }: Target,
  initial: () => Promise<Float32Array>,
): Promise<GivenVector> {
  const { path, tensors: given, names: from, ofRun } = weights;
  const notFinite = given.find(({ values }) => !values.every(Number.isFinite));
  if (notFinite) throw refuse(`${path}: tensor "${notFinite.name}" has values that are not finite`);
  if (!from && names.vocabulary) refuseOtherWords(weights, names.vocabulary.length + FIRST_KNOWN);
  const tensors = ofRun?.isSplit ? given : splitVectors(given, spec, (from ?? names).vocabulary ?? []);
  const isSame = !from || areSame(from, names);
  try {
    const matched = isSame
      ? undefined
      : matchRows(tensors, toPytorch(spec, layout, await initial()), from, names, ofRun ? firstVector : 0);
    const vector = fromPytorch(spec, layout, matched?.tensors ?? tensors);
    if (!ofRun) {
      return { vector, warnings: matched ? warningsOf(path, matched) : warningsWithoutNames(path, from, names) };
    }
    const none = toPytorch(spec, layout, new Float32Array(layout.size));
    const moments = ofRun.moments.map((tensors) =>
      fromPytorch(spec, layout, isSame ? tensors : matchRows(tensors, none, from, names).tensors)
    );
    return { vector: withMoments(vector, moments, sets), warnings: [] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refuse(`${path} does not fit this model: ${error.message}`);
  }
}

/** Throws an InputError if weights that do not name their words cannot be of these data, which have `ids`. */
function refuseOtherWords({ path, tensors }: GivenWeights, ids: number): void {
  const rows = tensors.find(({ name }) => /embed.*weight$/i.test(name))?.shape[0];
  if (rows === undefined || rows === ids) return;
  throw refuse(
    `${path} does not say which words its ${
      counted(rows, "row")
    } are of, and these data have ${ids}. Expected weights of ` +
      "the same words, an exported file, which names its words, or a run to continue in `from`",
  );
}

/** Returns the weights and `sets` of moments; of other numbers of sets the first ones are repeated. */
function withMoments(weights: Float32Array, moments: readonly Float32Array[], sets: number): Float32Array {
  if (moments.length === 0) return weights;
  const all = new Float32Array(weights.length * (1 + 2 * sets));
  all.set(weights);
  for (let at = 0; at < 2 * sets; at++) all.set(moments[at % moments.length]!, (1 + at) * weights.length);
  return all;
}

function warningsWithoutNames(path: string, from: WeightNames | undefined, { vocabulary }: WeightNames): string[] {
  if (from || !vocabulary) return [];
  return [`${path} does not say which words its rows are of: it must be of the same words, in the same order`];
}

function warningsOf(path: string, { words, newWords, newLabels }: Matched): string[] {
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

/** Limits the words and labels that a warning names. */
const NAMED = 5;

/** Limits the size of the file: no model is larger, as its state and workspaces have to fit into 4 GiB. */
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
  return inputError("weights", `weights: ${message}`);
}
