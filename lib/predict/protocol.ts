/** Declares the messages between the main thread and the prediction thread. */
import type { TrainingConfig } from "../config/schema.ts";
import type { NativeLibrary } from "../engine/contract.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { PreprocessingJson } from "../data/encode/preprocessing.ts";
import type { NumberedReasons } from "../standalone/explain.ts";
import type { Sequences } from "../standalone/readings.ts";
import type { Newest } from "./trained_model.ts";
import type { Flags, Input } from "./types.ts";

/** The model, and its largest batch. */
export interface BatchOptions {
  readonly config: TrainingConfig;
  readonly spec: ModelSpec;
  /** How it reads texts, if it is a model of text. */
  readonly preprocessing: PreprocessingJson | undefined;
  readonly maxBatch: number;
  readonly maxLength: number;
  readonly native?: NativeLibrary | undefined;
}

/** `version` is the round of a checkpoint that was sent before; without it, the newest. */
export interface PredictMessage {
  readonly type: "predict";
  /** Ids end to end, which are quicker to send, or inputs that have to be read first. */
  readonly inputs: Sequences | readonly Input[];
  readonly version?: number | undefined;
  /** True for reasons of each answer. */
  readonly explain?: boolean | undefined;
}

/** To the thread, `open` first. It answers each message once, in their order. */
export type ToThread =
  | { readonly type: "open"; readonly options: BatchOptions }
  | { readonly type: "newest"; readonly newest: Newest }
  | { readonly type: "checkpoint"; readonly round: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | PredictMessage;

/** The predictions of one version of the weights for a list of inputs. */
export interface Outcome {
  readonly round: number;
  readonly digest: string;
  /** `[inputs, classes]` */
  readonly probabilities: Float32Array;
  /** `[inputs]`, of a model with a vocabulary of its own. */
  readonly flags: readonly Flags[];
  /** Lists inputs that could not be read, and why: their probabilities mean nothing. */
  readonly unread: readonly { readonly row: number; readonly error: string }[];
  /** `[inputs]`, if they were to be explained. Those of inputs that could not be read mean nothing. */
  readonly reasons?: readonly NumberedReasons[] | undefined;
  readonly computeMs: number;
}

/** From the thread: done, done with an outcome, or not done. */
export type FromThread =
  | { readonly type: "done" }
  | { readonly type: "outcome"; readonly outcome: Outcome }
  | { readonly type: "failed"; readonly error: string };
