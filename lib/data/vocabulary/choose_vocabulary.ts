/** Chooses the tokens that a model knows. */
import { type DataOptions, FEW_ROWS } from "../../config/data_shape.ts";
import type { DataStatistics } from "../statistics.ts";
import type { ProvisionalTokens } from "./provisional.ts";
import { FIRST_KNOWN, UNKNOWN, Vocabulary } from "./vocabulary.ts";

export interface ChosenVocabulary {
  readonly vocabulary: Vocabulary;
  /** Provisional id → id. */
  readonly ids: Uint32Array;
  readonly statistics: DataStatistics["vocabulary"];
}

/** Returns the occurrences from which a token is known. */
export function chosenMinCount(minCount: DataOptions["minCount"], rows: number): number {
  return minCount === "auto" ? (rows < FEW_ROWS ? 1 : 2) : minCount;
}

/**
 * Chooses the most frequent tokens by `counts`, which has the occurrences in the `rows` training rows by provisional id.
 * Of equally frequent tokens the first is preferred.
 */
export function chooseVocabulary(
  counts: Uint32Array,
  tokens: ProvisionalTokens,
  { minCount, maxVocabulary }: Pick<DataOptions, "minCount" | "maxVocabulary">,
  rows: number,
): ChosenVocabulary {
  const enough = chosenMinCount(minCount, rows);
  const known = tokens.known();
  let distinct = 0;
  let once = 0;
  let candidates = 0;
  const wanted = (id: number) => known[id] === 1 && counts[id]! >= enough;
  for (let id = FIRST_KNOWN; id < counts.length; id++) {
    if (counts[id]! > 0) distinct++;
    if (counts[id] === 1) once++;
    if (wanted(id)) candidates++;
  }
  const order = new Uint32Array(candidates);
  for (let id = FIRST_KNOWN, at = 0; id < counts.length; id++) if (wanted(id)) order[at++] = id;
  order.sort((a, b) => counts[b]! - counts[a]! || a - b);
  const kept = order.subarray(0, maxVocabulary - FIRST_KNOWN);
  const ids = new Uint32Array(counts.length).fill(UNKNOWN);
  kept.forEach((id, index) => ids[id] = index + FIRST_KNOWN);
  const strings = tokens.strings(new Set(kept));
  const vocabulary = new Vocabulary(Array.from(kept, (id) => strings.get(id)!));
  return {
    vocabulary,
    ids,
    statistics: { size: vocabulary.size, known: kept.length, distinct, once, forgotten: tokens.forgotten },
  };
}
