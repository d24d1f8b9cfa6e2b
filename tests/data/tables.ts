/** Creates tables of encoded rows for tests. */
import type { EncodedTable, TrainingData } from "../../lib/data/batches/table.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { TokenKeyList, type TokenKeys } from "../../lib/data/vocabulary/token_keys.ts";

/** Creates a table of `rows` of tokens and their classes, in shared memory. */
export function tableOf(rows: readonly (readonly number[])[], classes: readonly number[]): EncodedTable {
  const tokens = new Uint16Array(new SharedArrayBuffer(2 * rows.reduce((sum, row) => sum + row.length, 0)));
  const offsets = new Uint32Array(new SharedArrayBuffer(4 * (rows.length + 1)));
  const labels = new Uint16Array(new SharedArrayBuffer(2 * rows.length));
  for (const [index, row] of rows.entries()) {
    tokens.set(row, offsets[index]!);
    offsets[index + 1] = offsets[index]! + row.length;
  }
  labels.set(classes);
  return { tokens, offsets, labels };
}

export interface RandomTableOptions {
  readonly rows: number;
  readonly vocabulary?: number;
  readonly least?: number;
  readonly length?: number;
  readonly seed?: number;
}

/** Creates rows of `least` to `length` random tokens; class 0 is three times as frequent as classes 1 and 2. */
export function randomTable(options: RandomTableOptions): EncodedTable {
  const { rows: count, vocabulary = 12, least = 1, length = 7, seed = 1 } = options;
  const random = new Random(seed, Stream.trainingData);
  const rows = Array.from({ length: count }, (_, index) => {
    random.seek(index);
    return Array.from({ length: least + random.below(length - least + 1) }, () => random.below(vocabulary));
  });
  return tableOf(rows, rows.map((_, index) => [0, 0, 0, 1, 2][index % 5]!));
}

/** Returns the keys of `count` words: none for some, and otherwise that of the word and of up to 6 runs of letters. */
function randomKeys(count: number, seed: number): TokenKeys {
  const random = new Random(seed, Stream.weights);
  const list = new TokenKeyList(true);
  for (let word = 0; word < count; word++) {
    const keys = Uint32Array.from({ length: random.below(8) }, () => random.below(2 ** 31));
    list.addAll({ offsets: Uint32Array.of(0, keys.length), keys });
  }
  return list.keys();
}

/** Returns `table` with the keys of its unknown tokens: every 1 is one. */
function withUnknown(table: EncodedTable, seed: number): EncodedTable {
  const { tokens, offsets } = table;
  const before = offsets.map((offset) => tokens.subarray(0, offset).filter((token) => token === 1).length);
  return { ...table, unknown: { before, keys: randomKeys(before.at(-1)!, seed) } };
}

/** Creates data whose tokens are words: they have letters, and some are unknown. */
export function lettersData(options: RandomTableOptions): TrainingData {
  const data = randomData(options);
  return {
    ...data,
    letters: randomKeys(data.vocabulary, 3),
    training: withUnknown(data.training, 4),
    validation: withUnknown(data.validation, 5),
  };
}

/** Creates data of three classes with `rows` training rows, and 300 validation rows in two chunks. */
export function randomData(options: RandomTableOptions): TrainingData {
  const { vocabulary = 12, length = 7 } = options;
  return {
    labels: ["red", "green", "blue"],
    vocabulary,
    length,
    training: randomTable(options),
    validation: randomTable({ ...options, rows: 300, seed: 2 }),
    digest: JSON.stringify(options),
  };
}
