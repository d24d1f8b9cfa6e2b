/** Remembers the inputs that a model was least sure of, in memory only, so that people can label them. */
import type { Column } from "../formats/columns.ts";
import type { Answer, Input, Prediction, Predictor } from "./types.ts";

/** An input that the model was unsure of. */
export interface UncertainInput {
  /** The input as a row: `text`, `tokens`, or the fields of several columns. */
  readonly row: Readonly<Record<string, unknown>>;
  /** The answer that the input got, its most probable labels and the weights that gave it. */
  readonly label: string | null;
  /** The labels, of a model that may give several. */
  readonly labels?: readonly string[];
  readonly probabilities: readonly { readonly label: string; readonly probability: number }[];
  readonly digest: string;
  /** 0 if two labels were as probable as each other, 1 if the model was sure. */
  readonly margin: number;
}

export interface UncertainOptions {
  /** Number of inputs that are kept. */
  readonly most: number;
  /** Replaced by `…` in every text that is kept. */
  readonly redact?: RegExp | undefined;
  readonly labels: readonly string[];
  readonly columns?: readonly Column[] | undefined;
}

/** Limits the characters of an input that is kept, and those of all. */
const MOST_CHARACTERS = 20_000;
const MOST_TOGETHER = 20_000_000;
/** Inputs that are asked again in one request, so that others need not wait for long. */
const AT_ONCE = 64;
/** Most probable labels that are kept of an answer, and labels that it gives where there may be several. */
const TOP = 3;
const MOST_GIVEN = 100;

export class UncertainInputs {
  readonly #options: UncertainOptions;
  /** The least sure first. */
  #kept: (UncertainInput & { readonly key: string })[] = [];
  readonly #keys = new Set<string>();
  #characters = 0;

  constructor(options: UncertainOptions) {
    this.#options = options;
  }

  /** Looks at the answers of `inputs`. */
  observe(inputs: readonly Input[], answer: Pick<Answer, "predictions" | "digest">): void {
    for (const [at, input] of inputs.entries()) {
      const prediction = answer.predictions[at];
      const margin = prediction && marginOf(prediction);
      if (margin === undefined) continue;
      if (this.#kept.length >= this.#options.most && margin >= this.#kept.at(-1)!.margin) continue;
      this.#add(this.#row(input), prediction!, margin, answer.digest);
    }
  }

  /** Lists up to `count` inputs, the least sure first. */
  list(count: number): readonly UncertainInput[] {
    return this.#kept.slice(0, count).map(({ key: _, ...input }) => input);
  }

  get size(): number {
    return this.#kept.length;
  }

  /** Forgets the input `row`. Returns whether it was there. */
  forget(row: Readonly<Record<string, unknown>>): boolean {
    const key = keyOf(row);
    if (!this.#keys.has(key)) return false;
    this.#drop(this.#kept.findIndex((input) => input.key === key));
    return true;
  }

  /** Forgets all inputs. */
  clear(): void {
    this.#kept = [];
    this.#keys.clear();
    this.#characters = 0;
  }

  #add(row: UncertainInput["row"], prediction: Prediction, margin: number, digest: string): void {
    const key = keyOf(row);
    if (key.length > MOST_CHARACTERS || this.#keys.has(key)) return;
    const { probabilities, top, label, labels } = prediction;
    const ranked = top ?? Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]!)
      .slice(0, TOP).map((at) => ({ label: this.#options.labels[at]!, probability: probabilities[at]! }));
    const place = this.#kept.findIndex((other) => other.margin > margin);
    const several = labels && { labels: labels.slice(0, MOST_GIVEN).map((one) => one.label) };
    const input = { row, label, ...several, probabilities: ranked.slice(0, TOP), digest, margin, key };
    this.#kept.splice(place < 0 ? this.#kept.length : place, 0, input);
    this.#keys.add(key);
    this.#characters += key.length;
    while (this.#kept.length > this.#options.most || this.#characters > MOST_TOGETHER) this.#drop(-1);
  }

  #drop(at: number): void {
    const [dropped] = this.#kept.splice(at, 1);
    if (!dropped) return;
    this.#keys.delete(dropped.key);
    this.#characters -= dropped.key.length;
  }

  #row(input: Input): UncertainInput["row"] {
    const { redact, columns } = this.#options;
    const shown = (value: unknown) => typeof value === "string" && redact ? value.replace(redact, "…") : value;
    if (typeof input === "string") return { text: shown(input) };
    if (!("fields" in input)) return { tokens: Array.from<unknown>(input).map(shown) };
    return Object.fromEntries(input.fields.map((value, at) => [columns?.[at]?.name ?? String(at), shown(value)]));
  }
}

/** Returns a predictor that shows its answers to `uncertain`. */
export function observed(predictor: Predictor, uncertain: UncertainInputs): Predictor {
  return {
    shape: predictor.shape,
    reader: predictor.reader,
    model: (version) => predictor.model(version),
    versions: () => predictor.versions(),
    statistics: () => predictor.statistics(),
    async predict(inputs, options) {
      const answer = await predictor.predict(inputs, options);
      uncertain.observe(inputs, answer);
      return answer;
    },
  };
}

/** Asks `predictor`, an observed one, again for the inputs that were kept of answers by other weights. */
export async function askAgain(inputs: readonly UncertainInput[], predictor: Predictor): Promise<void> {
  const { reader } = predictor;
  for (let from = 0; from < inputs.length; from += AT_ONCE) {
    const some = inputs.slice(from, from + AT_ONCE).map(({ row }) =>
      reader.columns
        ? reader.readFields(row, "row")
        : "text" in row
        ? reader.readText(row["text"], "text")
        : reader.readTokens(row["tokens"], "tokens")
    );
    await predictor.predict(some);
  }
}

/**
 * Returns how far the two most probable labels are apart, or how far the nearest of several labels is from being as probable
 * as not; undefined for an answer without the probabilities.
 */
function marginOf({ probabilities, top, labels }: Prediction): number | undefined {
  const known = probabilities.length > 0 ? probabilities : (top ?? []).map(({ probability }) => probability);
  if (labels) return known.length === 0 ? undefined : nearestToHalf(known);
  if (known.length < 2) return undefined;
  let [first, second] = [0, 0];
  for (const probability of known) {
    if (probability > first) [first, second] = [probability, first];
    else if (probability > second) second = probability;
  }
  return first - second;
}

function nearestToHalf(probabilities: readonly number[]): number {
  return probabilities.reduce((least, probability) => Math.min(least, 2 * Math.abs(probability - 0.5)), 1);
}

function keyOf(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(row);
}
