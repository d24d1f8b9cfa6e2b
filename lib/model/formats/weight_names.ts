/** Names the rows of a model's tensors in a file of weights, and moves rows between models by their names. */
import { z } from "zod";
import { counted } from "../../base/counted.ts";
import { FIRST_KNOWN, UNKNOWN } from "../../data/vocabulary/vocabulary.ts";
import type { NamedTensor } from "../../base/safetensors_header.ts";

/** The names of rows. */
export interface WeightNames {
  /** The known words, from id 2 on; undefined where tokens have no names. */
  readonly vocabulary: readonly string[] | undefined;
  /** The classes. */
  readonly labels: readonly string[];
}

const names = z.string().transform((text, context) => {
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    context.addIssue("expected a JSON list of strings");
    return z.NEVER;
  }
});
const schema = z.object({ vocabulary: names.optional(), labels: names });

/** Returns the names as metadata of safetensors. */
export function namesAsMetadata({ vocabulary, labels }: WeightNames): Record<string, string> {
  return { labels: JSON.stringify(labels), ...vocabulary && { vocabulary: JSON.stringify(vocabulary) } };
}

/** Reads the names in `metadata`; undefined if there are none. */
export function namesOf(metadata: Readonly<Record<string, string>>): WeightNames | undefined {
  const parsed = schema.safeParse(metadata);
  return parsed.success ? { labels: parsed.data.labels, vocabulary: parsed.data.vocabulary } : undefined;
}

export function areSame(a: WeightNames, b: WeightNames): boolean {
  return JSON.stringify([a.vocabulary, a.labels]) === JSON.stringify([b.vocabulary, b.labels]);
}

export interface Matched {
  readonly tensors: readonly NamedTensor[];
  /** The number of words that both models have, and the words and labels that only this one has. */
  readonly words: number;
  readonly newWords: readonly string[];
  readonly newLabels: readonly string[];
}

/**
 * Adapts the tensors `given`, whose rows `from` names, to a model whose rows `to` names: words and classes of both keep
 * their rows, and new ones get those of `initial`, the tensors of that model before it is trained. Throws a RangeError if
 * a tensor does not have the rows that `from` names, or if the two have no word in common. New words before the id
 * `asUnknown` get the row of unknown words instead.
 */
export function matchRows(
  given: readonly NamedTensor[],
  initial: readonly NamedTensor[],
  from: WeightNames,
  to: WeightNames,
  asUnknown = 0,
): Matched {
  if (!from.vocabulary !== !to.vocabulary) {
    const [its, own] = from.vocabulary ? ["words", "numbers"] : ["numbers", "words"];
    throw new RangeError(`its tokens are ${its}, and those of this model are ${own}`);
  }
  const words = pairs(from.vocabulary ?? [], to.vocabulary ?? []);
  if (to.vocabulary && words.every((at) => at < 0)) {
    const [its, own] = [from.vocabulary!, to.vocabulary].map((words) => JSON.stringify(words[0] ?? ""));
    throw new RangeError(
      `it knows ${counted(from.vocabulary!.length, "word")}, the first ${its}, and none of the ` +
        `${counted(to.vocabulary.length, "word")} of these data, the first ${own}. ` +
        "Start from weights of the same language and tokenizer, or without any",
    );
  }
  const labels = pairs(from.labels, to.labels);
  const idOf = (at: number, place: number) =>
    at >= 0 ? at + FIRST_KNOWN : place + FIRST_KNOWN < asUnknown ? UNKNOWN : at;
  const ids = to.vocabulary && [0, UNKNOWN, ...words.map(idOf)];
  const rows: Readonly<Record<string, [pairs: readonly number[] | undefined, before: number]>> = {
    "embedding.weight": [ids, (from.vocabulary?.length ?? 0) + FIRST_KNOWN],
    "linear.weight": [labels, from.labels.length],
    "linear.bias": [labels, from.labels.length],
  };
  const tensors = given.map((tensor) => {
    const [pairs, before] = rows[tensor.name] ?? [undefined, 0];
    const target = initial.find(({ name }) => name === tensor.name);
    if (!pairs || !target) return tensor;
    if (tensor.shape[0] !== before) {
      throw new RangeError(
        `tensor "${tensor.name}" has ${counted(tensor.shape[0] ?? 0, "row")}, and the file names ${before}`,
      );
    }
    return taken(tensor, target, pairs);
  });
  const missing = (pairs: readonly number[], names: readonly string[]) => names.filter((_, at) => pairs[at]! < 0);
  return {
    tensors,
    words: words.filter((at) => at >= 0).length,
    newWords: missing(words, to.vocabulary ?? []),
    newLabels: missing(labels, to.labels),
  };
}

/** Returns for each of `to` its position in `from`; -1 if it has none. */
function pairs(from: readonly string[], to: readonly string[]): number[] {
  const positions = new Map(from.map((name, position) => [name, position]));
  return to.map((name) => positions.get(name) ?? -1);
}

/** Returns `target` with the rows of `source` that `pairs` name, if they have the same width. */
function taken(source: NamedTensor, target: NamedTensor, pairs: readonly number[]): NamedTensor {
  const width = target.shape.slice(1).reduce((product, extent) => product * extent, 1);
  // Rows of another width are of another model, which fromPytorch() refuses.
  if (source.shape.slice(1).join() !== target.shape.slice(1).join()) return source;
  const values = target.values.slice();
  pairs.forEach((at, row) => {
    if (at >= 0) values.set(source.values.subarray(at * width, (at + 1) * width), row * width);
  });
  return { ...target, values };
}
