/** An engine with weights before it: where predictions are computed, in whatever thread. */
import { engineOptions } from "../engine/create.ts";
import type { Engine } from "../engine/contract.ts";
import type { Batch } from "../data/batch.ts";
import { type Combiner, createCombiner } from "../baseline/mix.ts";
import { createWorkspace } from "../engine/workspace.ts";
import { parameterLayout } from "../model/layout.ts";
import type { ModelVersion, Newest } from "../run/model_version.ts";
import { liveVersion } from "./live_version.ts";
import type { DeskOptions, Outcome, Sequences } from "./protocol.ts";

/** Versions beside the newest whose weights are kept at hand. */
export const KEPT_VERSIONS = 4;

export class Desk {
  readonly #options: DeskOptions;
  readonly #engine: Engine;
  readonly #batch: Batch;
  /** What the engine computes with, and the version that it is. */
  readonly #weights: Float32Array;
  #loaded: ModelVersion | undefined;
  #newest: (() => ModelVersion) | undefined;
  /** Of a finished model: what every version of its LSTM is combined with. */
  #combine: Combiner | undefined;
  readonly #kept = new Map<number, ModelVersion>();

  private constructor(options: DeskOptions, engine: Engine, batch: Batch, weights: Float32Array) {
    this.#options = options;
    this.#engine = engine;
    this.#batch = batch;
    this.#weights = weights;
  }

  /** Makes the engine. Throws what that throws. */
  static async open(options: DeskOptions): Promise<Desk> {
    const { config, spec, maxBatch, maxLength } = options;
    const layout = parameterLayout(spec);
    const engine = engineOptions(config, { spec, layout }, maxBatch, maxLength);
    const workspace = await createWorkspace(engine, { floats: layout.size, batches: 1 });
    return new Desk(options, workspace.engine, workspace.batch(maxBatch, maxLength), workspace.floats(layout.size));
  }

  /** Says where the newest version is. */
  setNewest(newest: Newest): void {
    if ("memory" in newest) {
      this.#newest = liveVersion(newest, this.#options, () => performance.now());
      this.#combine = undefined;
    } else {
      this.#newest = () => newest;
      this.#combine = newest.ngrams && createCombiner(newest.ngrams);
    }
  }

  /** Keeps `version` at hand beside the newest; of too many, the one kept longest goes. */
  keep(version: ModelVersion): void {
    this.#kept.delete(version.round);
    this.#kept.set(version.round, version);
    if (this.#kept.size > KEPT_VERSIONS) this.#kept.delete(this.#kept.keys().next().value!);
  }

  /**
   * What one version of the weights, the newest or that of round `version`, says of all sequences. Throws a RangeError if
   * it is not at hand.
   */
  predict({ tokens, lengths }: Sequences, version?: number): Outcome {
    const begun = performance.now();
    const chosen = version === undefined ? this.#newest?.() : this.#kept.get(version);
    if (!chosen) throw new RangeError(`The weights of round ${version ?? "…"} are not at hand`);
    if (chosen !== this.#loaded) this.#weights.set(chosen.weights);
    this.#loaded = chosen;
    const { maxBatch, spec: { classes } } = this.#options;
    const probabilities = new Float32Array(lengths.length * classes);
    for (let first = 0, offset = 0; first < lengths.length; first += maxBatch) {
      const rows = lengths.subarray(first, first + maxBatch);
      offset = this.#fill(rows, tokens, offset);
      probabilities.set(this.#engine.predict(this.#weights, this.#batch), first * classes);
    }
    for (let row = 0, begin = 0; this.#combine && row < lengths.length; row++) {
      const end = begin + lengths[row]!;
      this.#combine(probabilities.subarray(row * classes, (row + 1) * classes), tokens, begin, end);
      begin = end;
    }
    return { round: chosen.round, digest: chosen.digest, probabilities, computeMs: performance.now() - begun };
  }

  dispose(): void {
    this.#engine.dispose();
  }

  /** Lays the sequences of `lengths`, whose tokens begin at `offset`, into the batch. Returns where they end. */
  #fill(lengths: Int32Array, tokens: Int32Array, offset: number): number {
    const batch = this.#batch;
    batch.size = lengths.length;
    batch.length = Math.max(...lengths);
    batch.lengths.set(lengths);
    for (let row = 0; row < lengths.length; row++) {
      const end = offset + lengths[row]!;
      batch.tokens.set(tokens.subarray(offset, end), row * batch.length);
      offset = end;
    }
    return offset;
  }
}

/** `list` end to end. */
export function joinSequences(list: readonly (readonly number[])[]): Sequences {
  const lengths = new Int32Array(list.length);
  let total = 0;
  for (let row = 0; row < list.length; row++) total += lengths[row] = list[row]!.length;
  const tokens = new Int32Array(total);
  let offset = 0;
  for (const sequence of list) {
    tokens.set(sequence, offset);
    offset += sequence.length;
  }
  return { tokens, lengths };
}
