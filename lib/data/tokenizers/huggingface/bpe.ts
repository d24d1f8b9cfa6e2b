/** Implements byte-pair encoding (Sennrich et al. 2016): pairs are merged in the order of training. */
import type { Model, Pieces } from "./models.ts";
import { unsupported } from "./parse.ts";
import type { ModelJson } from "./schema.ts";
import { byteTokens } from "./unicode.ts";

type Json = Extract<ModelJson, { readonly type: "BPE" }>;

/** A token that is not in the model, and is never merged. */
const UNKNOWN = -1;
/** Positions in a piece are less than this, so one number can hold rank and position and sort by both. */
const MOST_POSITIONS = 2 ** 26;

/** Throws an Unsupported about merges that do not fit the vocabulary. */
export function bytePairs(json: Json): Model {
  const vocabulary = new Map(Object.entries(json.vocab));
  const tokens = [...vocabulary.keys()];
  if (new Set(vocabulary.values()).size < tokens.length) unsupported("model.vocab", "has two tokens with one id");
  const numbers = new Map(tokens.map((token, number) => [token, number]));
  const { ranks, results } = mergesOf(json, numbers);
  const prefix = json.continuing_subword_prefix ?? "";
  const suffix = json.end_of_word_suffix ?? "";
  const unknown = json.unk_token === null || json.unk_token === undefined
    ? undefined
    : numbers.get(json.unk_token) ?? UNKNOWN;

  function cut(piece: string): Pieces {
    if (json.ignore_merges && vocabulary.has(piece)) return [piece];
    return merged(symbolsOf(piece), tokens.length, ranks, results).map((symbol) => tokens[symbol]);
  }

  function symbolsOf(piece: string): number[] {
    const symbols: number[] = [];
    let hasUnknown = false;
    const endUnknown = () => {
      if (hasUnknown) symbols.push(unknown!);
      hasUnknown = false;
    };
    const chars = [...piece];
    chars.forEach((char, index) => {
      const text = (index > 0 ? prefix : "") + char + (index === chars.length - 1 ? suffix : "");
      const symbol = numbers.get(text);
      if (symbol !== undefined) {
        endUnknown();
        symbols.push(symbol);
        return;
      }
      const bytes = json.byte_fallback ? byteTokens(text).map((byte) => numbers.get(byte)) : [undefined];
      if (bytes.every((byte) => byte !== undefined)) {
        // An unknown token before the bytes follows after them, as in Hugging Face's library.
        symbols.push(...bytes);
      } else if (unknown !== undefined) {
        if (!json.fuse_unk) endUnknown();
        hasUnknown = true;
      }
    });
    endUnknown();
    return symbols;
  }
  return { vocabulary, cut };
}

/** Returns the rank of each pair of tokens, `first * tokens + second`, and the resulting token of each rank. */
function mergesOf(json: Json, numbers: ReadonlyMap<string, number>) {
  const ranks = new Map<number, number>();
  const results: number[] = [];
  const prefix = json.continuing_subword_prefix ?? "";
  for (const merge of json.merges) {
    if (typeof merge === "string" && merge.startsWith("#version")) continue;
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    const [first = "", second = ""] = pair;
    if (pair.length !== 2 || !second.startsWith(prefix)) unsupported("model.merges", `holds ${JSON.stringify(merge)}`);
    const whole = first + second.slice(prefix.length);
    const [a, b, result] = [first, second, whole].map((token) => {
      return numbers.get(token) ?? unsupported("model.merges", `holds "${token}", which is not in the vocabulary`);
    });
    ranks.set(a! * numbers.size + b!, results.length);
    results.push(result!);
  }
  return { ranks, results };
}

/** Merges neighbours by rank; of equal ranks the leftmost is first. */
function merged(
  symbols: number[],
  size: number,
  ranks: ReadonlyMap<number, number>,
  results: readonly number[],
): number[] {
  const { length } = symbols;
  if (length < 2) return symbols;
  if (length >= MOST_POSITIONS) throw new RangeError(`A piece of ${length} characters is too long`);
  const next = Int32Array.from(symbols, (_, index) => index + 1 < length ? index + 1 : -1);
  const previous = Int32Array.from(symbols, (_, index) => index - 1);
  const isGone = new Uint8Array(length);
  const heap: number[] = [];
  const rankOf = (left: number, right: number): number | undefined => {
    const [a, b] = [symbols[left]!, symbols[right]!];
    return a === UNKNOWN || b === UNKNOWN ? undefined : ranks.get(a * size + b);
  };
  const offer = (left: number, right: number) => {
    const rank = rankOf(left, right);
    if (rank !== undefined) push(heap, rank * MOST_POSITIONS + left);
  };
  for (let at = 0; at + 1 < length; at++) offer(at, at + 1);
  while (heap.length > 0) {
    const top = pop(heap);
    const at = top % MOST_POSITIONS;
    const right = next[at]!;
    if (isGone[at] || right < 0) continue;
    // The pair may have changed since; another pair with the same result is as good.
    const rank = rankOf(at, right);
    const result = results[Math.floor(top / MOST_POSITIONS)]!;
    if (rank === undefined || results[rank] !== result) continue;
    symbols[at] = result;
    isGone[right] = 1;
    next[at] = next[right]!;
    if (next[at]! >= 0) previous[next[at]!] = at;
    if (previous[at]! >= 0) offer(previous[at]!, at);
    if (next[at]! >= 0) offer(at, next[at]!);
  }
  return symbols.filter((_, index) => !isGone[index]);
}

/** Adds to a heap whose least value is first. */
function push(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= value) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = value;
}

/** Removes the least value of a heap that is not empty. */
function pop(heap: number[]): number {
  const least = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return least;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return least;
}
