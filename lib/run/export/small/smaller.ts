/** Makes a model smaller without any data: it leaves out words and n-grams, those first that change answers least. */
import { inputError } from "../../../base/errors.ts";
import { FIRST_KNOWN, UNKNOWN } from "../../../data/vocabulary/vocabulary.ts";
import { embeddingTensor, tensorNamed, tensorView } from "../../../model/layout.ts";
import { trainedModel } from "../../../model/task_model.ts";
import { type LinearModel, MANY_SCORES } from "../../../ngrams/model.ts";
import type { TrainedModel } from "../../../predict/trained_model.ts";

/** The rarest words, whose mean stands for unknown ones where the vectors of letters are left out. */
const RAREST = 64;

/** An LSTM whose answers all are the same: n-grams do not need one. */
const NO_LSTM = { embedding: 1, hidden: 1, layers: 1, bidirectional: false, pooling: "last" } as const;

/**
 * Returns `model` with the first, most frequent `words` of its vocabulary, and without vectors of letters: others are unknown
 * to the LSTM, and have the mean vector of the rarest words. Without words there is no LSTM, which only n-grams can do without.
 */
export function withWords(model: TrainedModel, words: number): TrainedModel {
  const { config, labels, preprocessing, version } = model;
  const { spec, layout } = trainedModel(config, labels);
  const vocabulary = Math.min(words + FIRST_KNOWN, spec.vocabulary);
  const isNone = words === 0 && version.ngrams !== undefined;
  const smaller = { ...config, vocabulary, letterRows: 0, ...isNone && NO_LSTM };
  const { layout: next } = trainedModel(smaller, labels);
  const weights = new Float32Array(next.size);
  if (!isNone) {
    for (const { name, ...tensor } of next.tensors) {
      const own = tensorView(version.weights, tensorNamed(layout, name));
      weights.set(own.subarray(0, tensor.size), tensor.offset);
    }
    const vectors = tensorView(version.weights, embeddingTensor(layout));
    const first = Math.max(FIRST_KNOWN, Math.min(vocabulary, spec.vocabulary - RAREST));
    if (spec.letterRows > 0 || vocabulary < spec.vocabulary) {
      const others = vectors.subarray(first * spec.embedding, spec.vocabulary * spec.embedding);
      weights.set(meanVector(others, spec.embedding), UNKNOWN * spec.embedding);
    }
  }
  return {
    ...model,
    config: smaller,
    ...preprocessing && { preprocessing: { ...preprocessing, vocabulary: preprocessing.vocabulary.slice(0, words) } },
    version: { ...version, weights },
  };
}

function meanVector(vectors: Float32Array, width: number): Float64Array {
  const mean = new Float64Array(width);
  for (let at = 0; at < vectors.length; at++) mean[at % width]! += vectors[at]! * width / vectors.length;
  return mean;
}

/** Leaves out weights of n-grams. */
export interface NgramPruner {
  /** The weights that are not 0. */
  readonly weights: number;
  /** Returns the model with the `count` weights that change scores most, whose keys ascend: see packTensors(). */
  readonly keep: (count: number) => LinearModel;
}

/**
 * Opens the n-grams of `model` for pruning. A weight counts by its size, times the importance of its feature, times the root
 * of the number of rows with the feature, which follows from the importance: log(rows / having) + 1. On sets of texts this
 * order was better than by any of these, or by the information about the class.
 */
export function openPruner(model: LinearModel): NgramPruner {
  if (model.sparse) {
    const message =
      `The model has ${MANY_SCORES} labels or more, whose n-grams cannot be made smaller: export it without`;
    throw inputError("small", message);
  }
  const width = model.bias.length;
  const weights = model.labels || width === 1 ? model.weights : centred(model.weights, width);
  const sizes = new Float32Array(weights.length);
  for (let place = 0; place < sizes.length; place++) {
    const importance = model.importance[Math.floor(place / width)]!;
    sizes[place] = Math.abs(weights[place]!) * importance * Math.exp(-importance / 2);
  }
  const sorted = sizes.toSorted();
  const zeros = sorted.findIndex((size) => size > 0);
  const most = zeros < 0 ? 0 : sorted.length - zeros;
  return {
    weights: most,
    keep(count) {
      const least = count > 0 ? sorted[sorted.length - Math.min(count, most)]! : Infinity;
      // The first of equal weights are kept.
      let equal = Math.min(count, most) - countAbove(sizes, least);
      const kept = new Float32Array(weights.length);
      for (let place = 0; place < kept.length; place++) {
        const size = sizes[place]!;
        if (size > least || size === least && equal-- > 0) kept[place] = weights[place]!;
      }
      return withoutZeros({ ...model, weights: kept });
    },
  };
}

function countAbove(sizes: Float32Array, least: number): number {
  let count = 0;
  for (let place = 0; place < sizes.length; place++) if (sizes[place]! > least) count++;
  return count;
}

/** Subtracts the median of each row: what all classes get changes no softmax, and most classes get the same. */
function centred(weights: Float32Array, width: number): Float32Array {
  const found = weights.slice();
  for (let first = 0; first < found.length; first += width) {
    const row = found.subarray(first, first + width);
    const median = row.toSorted()[width >> 1]!;
    for (let k = 0; k < width; k++) row[k]! -= median;
  }
  return found;
}

/** Leaves out the features without weights, and sorts the others by their keys. */
function withoutZeros(model: LinearModel): LinearModel {
  const { keys, weights, importance, bias: { length: width } } = model;
  const isKept = (column: number) => {
    for (let place = column * width; place < (column + 1) * width; place++) if (weights[place] !== 0) return true;
    return false;
  };
  const columns = Uint32Array.from(keys.keys().filter(isKept));
  const isLetters = (column: number) => column < model.tokenColumns ? 0 : 1;
  columns.sort((a, b) => isLetters(a) - isLetters(b) || keys[a]! - keys[b]!);
  const own = new Float32Array(columns.length * width);
  columns.forEach((column, at) => own.set(weights.subarray(column * width, (column + 1) * width), at * width));
  return {
    ...model,
    keys: columns.map((column) => keys[column]!),
    tokenColumns: columns.reduce((sum, column) => sum + 1 - isLetters(column), 0),
    importance: Float32Array.from(columns, (column) => importance[column]!),
    weights: own,
  };
}
