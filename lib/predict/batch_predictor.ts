/** Reads inputs and has an engine predict them: the same in whatever thread. */
import { engineOptions } from "../engine/create_engine.ts";
import type { Engine } from "../engine/contract.ts";
import type { Batch } from "../data/batches/batch.ts";
import { fillBatch } from "../data/batches/fill_batch.ts";
import { type Combiner, createCombiner } from "../ngrams/mix.ts";
import { errorMessage } from "../base/errors.ts";
import { createWorkspace } from "../engine/workspace.ts";
import { parameterLayout } from "../model/layout.ts";
import type { ModelVersion, Newest } from "../run/model_version.ts";
import { liveVersion } from "./live_version.ts";
import type { DeskOptions, Outcome, PredictMessage, Sequences } from "./protocol.ts";
import { openReading, type Reading } from "./reading.ts";
import type { Flags, Input } from "./types.ts";

/** Versions beside the newest whose weights are kept at hand. */
export const KEPT_VERSIONS = 4;

/** Of ids there is nothing to tell. */
const ALL_READ: Pick<Outcome, "flags" | "unread"> = { flags: [], unread: [] };

/** Stands for an input that could not be read. */
const NOTHING_READ = [0];

export class Desk {
  readonly #options: DeskOptions;
  readonly #engine: Engine;
  readonly #batch: Batch;
  readonly #read: (input: Input) => Reading;
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
    this.#read = openReading(options.preprocessing);
  }

  /** Makes the engine. Throws what that throws, and an InputError for a tokenizer that cannot be used. */
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
   * What one version of the weights, the newest or that of round `version`, says of all inputs. Throws a RangeError if it
   * is not at hand.
   */
  predict(inputs: PredictMessage["inputs"], version?: number): Outcome {
    const begun = performance.now();
    const chosen = version === undefined ? this.#newest?.() : this.#kept.get(version);
    if (!chosen) throw new RangeError(`The weights of round ${version ?? "…"} are not at hand`);
    if (chosen !== this.#loaded) {
      this.#weights.set(chosen.weights);
      this.#engine.hold(this.#weights);
    }
    this.#loaded = chosen;
    const { maxBatch, spec: { classes } } = this.#options;
    const { sequences, ...read } = "offsets" in inputs ? { sequences: inputs, ...ALL_READ } : this.#readAll(inputs);
    const { tokens, offsets } = sequences;
    const count = offsets.length - 1;
    const probabilities = new Float32Array(count * classes);
    for (let first = 0; first < count; first += maxBatch) {
      fillBatch(this.#batch, sequences, undefined, first, Math.min(maxBatch, count - first));
      probabilities.set(this.#engine.predict(this.#weights, this.#batch), first * classes);
    }
    for (let row = 0; this.#combine && row < count; row++) {
      const own = probabilities.subarray(row * classes, (row + 1) * classes);
      this.#combine(own, tokens, offsets[row]!, offsets[row + 1]!);
    }
    const { round, digest } = chosen;
    return { round, digest, probabilities, ...read, computeMs: performance.now() - begun };
  }

  /** Reads each input for itself: one that fails is nobody else's failure. */
  #readAll(inputs: readonly Input[]): Pick<Outcome, "flags" | "unread"> & { readonly sequences: Sequences } {
    const flags: Flags[] = [];
    const unread: { row: number; error: string }[] = [];
    const sequences = joinSequences(inputs.map((input, row) => {
      try {
        const reading = this.#read(input);
        if (reading.flags) flags.push(reading.flags);
        return reading.tokens;
      } catch (error) {
        unread.push({ row, error: errorMessage(error) });
        flags.push({ unknownShare: 1, truncated: false });
        return NOTHING_READ;
      }
    }));
    return { sequences, flags, unread };
  }
}

/** `list` end to end. */
export function joinSequences(list: readonly ArrayLike<number>[]): Sequences {
  const offsets = new Int32Array(list.length + 1);
  for (let row = 0; row < list.length; row++) offsets[row + 1] = offsets[row]! + list[row]!.length;
  const tokens = new Int32Array(offsets[list.length]!);
  for (let row = 0; row < list.length; row++) tokens.set(list[row]!, offsets[row]);
  return { tokens, offsets };
}
