/** Weights that predict, and where they are: in a run that trains, or saved. */
import type { Combination } from "../ngrams/mix.ts";
import type { MapOptions } from "../lockstep/memory/map.ts";

/** Weights as one round committed them. */
export interface ModelVersion {
  readonly round: number;
  /** SHA-256 of the state that the weights are part of. */
  readonly digest: string;
  /** `[layout.size]` */
  readonly weights: Float32Array;
  /** What a finished model is beside these, if it is not the LSTM alone. */
  readonly ngrams?: Combination;
}

/** The shared memory of a run that trains: its newest committed weights are the newest version. */
export interface LiveWeights {
  readonly memory: WebAssembly.Memory;
  readonly map: MapOptions;
}

/** Where the newest version is. */
export type Newest = LiveWeights | ModelVersion;
