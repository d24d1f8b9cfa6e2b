/**
 * Describes models that predict: which weights, and what else is needed to answer. The weights of a run that trains are
 * read from its shared memory while training continues.
 */
import type { TrainingConfig } from "../config/schema.ts";
import type { TokenKeys } from "../data/vocabulary/token_keys.ts";
import type { PreprocessingJson } from "../data/encode/preprocessing.ts";
import { Word } from "../lockstep/memory/control.ts";
import type { MapOptions } from "../lockstep/memory/map.ts";
import { readNewest, stateDigest } from "../lockstep/memory/state.ts";
import { type SharedRun, sharedRun } from "../lockstep/memory/views.ts";
import type { Rejection } from "../model/rejection.ts";
import { parameterLayout } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import { trainedModel } from "../model/task_model.ts";
import { withWordVectors } from "../model/word_vectors.ts";
import type { Combination } from "../ngrams/combine.ts";
import type { WholeModel } from "../standalone/model_file.ts";

/** A model with weights: of a run that trains without its `version`, or saved with it. */
export interface TrainedModel {
  readonly run: string;
  readonly config: TrainingConfig;
  /** Class names; a label is a position in this list. */
  readonly labels: readonly string[];
  /** How a text becomes tokens, for models of text. */
  readonly preprocessing?: PreprocessingJson | undefined;
  readonly version: ModelVersion;
}

/** Weights as one round committed them. */
export interface ModelVersion {
  readonly round: number;
  /** SHA-256 of the state that the weights are part of. */
  readonly digest: string;
  /** `[layout.size]`, with the vector of each known word in its row (`composeWords`). */
  readonly weights: Float32Array;
  /** The n-grams that a finished model combines with the LSTM; absent where the LSTM predicts by itself. */
  readonly ngrams?: Combination | undefined;
  /** The thresholds of a finished model of rows; absent in runs of earlier versions. */
  readonly rejection?: Rejection | undefined;
  /** `[labels]`: the least probability of each label of a finished model whose rows may have several. */
  readonly thresholds?: readonly number[] | undefined;
}

/** The shared memory of a run that trains: its newest committed weights are the newest version. */
export interface LiveWeights {
  readonly memory: WebAssembly.Memory;
  readonly map: MapOptions;
}

/** Where the newest version is. */
export type Newest = LiveWeights | ModelVersion;

/** Each round of a training is another version: they are read this often at most. */
const LEAST_MS = 100;
/** A large state takes long to copy and to digest: that may take this share of the time. */
const SHARE = 0.05;

/**
 * Returns a function that gives the newest version of `live`: the same object until a round is committed and, with `now`
 * in milliseconds, it is time to read again. It throws an Error if no whole state could be read and none was before. `known`
 * has the keys of known words, for models whose words have letters.
 */
export function liveVersion(
  { memory, map }: LiveWeights,
  { config, spec, known }: {
    readonly config: TrainingConfig;
    readonly spec: ModelSpec;
    readonly known?: TokenKeys | undefined;
  },
  now: () => number,
): () => ModelVersion {
  const run: SharedRun = sharedRun(map, memory);
  const { size } = parameterLayout(spec);
  const room = new Float32Array(run.states[0].values.length);
  let newest: ModelVersion | undefined;
  let readAgainAt = -Infinity;
  return () => {
    if (newest && (now() < readAgainAt || Atomics.load(run.control, Word.round) === newest.round)) return newest;
    const begun = now();
    try {
      const state = readNewest(run, config, room);
      const weights = withWordVectors(room.slice(0, size), spec, known);
      newest = { round: state.round, digest: stateDigest(state), weights };
    } catch (error) {
      if (!newest) throw error;
    }
    readAgainAt = begun + Math.max(LEAST_MS, (now() - begun) / SHARE);
    return newest;
  };
}

/** Returns `model` as its file has it. */
export function wholeModel({ run, config, labels, preprocessing, version }: TrainedModel): WholeModel {
  const { spec } = trainedModel(config, labels);
  return { run, ...version, labels, spec, length: config.length, ...preprocessing && { preprocessing }, config };
}
