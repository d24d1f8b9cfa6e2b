/** Makes a model of a given size, and measures what that costs. Start here. */
import { counted } from "../../../base/counted.ts";
import { inputError } from "../../../base/errors.ts";
import { encodeModel } from "../../../standalone/model_file.ts";
import { type TrainedModel, wholeModel } from "../../../predict/trained_model.ts";
import { type Fitted, Fitter } from "./fit.ts";
import { type Measured, type ModelRows, openMeasuring } from "./measuring.ts";

/** A model of a given size. */
export interface SmallModel {
  /** Its `model.lockstep`, and the length of that of the whole model. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly before: number;
  /** The words of the LSTM's vocabulary that are left, and all of them. */
  readonly words: readonly [left: number, all: number];
  readonly ngrams: readonly [left: number, all: number];
  /** True if numbers are rounded to bytes. */
  readonly isPacked: boolean;
  /** The metrics of the validation rows before and after, of which a report has one; or why they were not measured. */
  readonly cost: { readonly metric: string } & Readonly<Record<"before" | "after", Measured["quality"]>> | string;
}

/** Without validation rows the LSTM gets this share of the bytes. */
const LSTM_SHARE = 0.5;

/**
 * Returns `model` with at most `size` bytes. Words of the LSTM and n-grams share them in a few ways, of which the one with the
 * least loss on the run's validation rows is taken; they also choose the thresholds again. If these rows are not at hand,
 * nothing is measured. The same run gives the same bytes. Throws an InputError if the size is too small, and the reason of
 * `signal` if it aborts.
 */
export async function smallModel(
  model: TrainedModel,
  size: number,
  rows: ModelRows,
  signal?: AbortSignal,
): Promise<SmallModel> {
  const plain = await encodeModel(wholeModel(model));
  const { preprocessing, version: { ngrams } } = model;
  const words = preprocessing?.vocabulary.length ?? 0;
  const features = ngrams?.model.importance.length ?? 0;
  const of = ({ bytes, ...left }: Fitted, cost: SmallModel["cost"]): SmallModel => ({
    bytes,
    before: plain.length,
    words: [left.words ?? words, words],
    ngrams: [left.ngrams, features],
    isPacked: bytes !== plain,
    cost,
  });
  if (plain.length <= size) {
    return of({ bytes: plain, words: undefined, ngrams: features, isWhole: true }, "nothing is left out");
  }
  const fitter = new Fitter(model);
  const choices = await fitter.choices(size);
  if (choices.length === 0) {
    const least = Math.ceil(await fitter.leastBytes() / 100) / 10;
    const message =
      `size is ${counted(size, "byte")}: expected at least ${least} kB, as the labels, the tokenizer and the config ` +
      "of this model need that";
    throw inputError("size", message);
  }
  const measuring = await openMeasuring(model, rows);
  if (typeof measuring === "string") {
    const usual = ngrams ? await fitter.choices(LSTM_SHARE * size) : choices;
    return of(await fitter.fit(size, usual.length > 0 ? usual[0] : choices.at(-1)), measuring);
  }
  const standing = new Fitter(measuring.model);
  let best: Measured | undefined;
  for (const choice of choices) {
    signal?.throwIfAborted();
    const fitted = await standing.fit(size, choice);
    const measured = await measuring.measure(fitted);
    if (!best || measured.quality.loss < best.quality.loss) best = measured;
    if (fitted.isWhole) break;
  }
  const { words: chosen, quality, version } = best!;
  const cost = { metric: measuring.metric, before: measuring.before, after: quality };
  // Other thresholds may have more bytes, which leaves less room for words.
  const final = new Fitter({ ...model, version });
  const left = (await final.choices(size)).filter((words) => (words ?? Infinity) <= (chosen ?? Infinity));
  return of(left.length > 0 ? await final.fit(size, left[0]) : await fitter.fit(size, choices.at(-1)), cost);
}
