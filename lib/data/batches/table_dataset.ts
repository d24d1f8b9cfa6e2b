/** Draws batches from encoded rows: each epoch is one pass over all training rows, in a new order. */
import { counted } from "../../base/counted.ts";
import type { TrainingConfig } from "../../config/schema.ts";
import { classWeightsOf } from "./class_weights.ts";
import type { Dataset } from "./dataset.ts";
import { createLengthSort, epochOrders } from "./epoch_order.ts";
import type { Batch } from "./batch.ts";
import { fillBatch } from "./fill_batch.ts";
import { createVectorNumbers, mostUnknown } from "./letter_rows.ts";
import { type EncodedTable, rowsOf, rowsWithLabels, type TrainingData } from "./table.ts";
import { tableShape } from "./table_config.ts";

type TableOptions = Pick<
  TrainingConfig,
  | "seed"
  | "shards"
  | "batchSize"
  | "vocabulary"
  | "length"
  | "letterRows"
  | "stepsPerEpoch"
  | "heldOut"
  | "classWeights"
>;

/**
 * Creates a data set. The rows of a step are numbered across all shards, so N shards of B see the same as one shard of
 * N · B. The last step of an epoch has the remaining rows: some shards have an incomplete batch, or none. Within a batch
 * longer rows come first.
 *
 * Throws a RangeError if `options` do not fit the data, or if a row has no or too many tokens.
 */
export function tableDataset(options: TableOptions, data: TrainingData): Dataset {
  const { seed, shards, batchSize, stepsPerEpoch } = options;
  const { labels, vocabulary, letters, training, validation } = data;
  const classWeights = classWeightsOf(options.classWeights, training.labels, labels.length);
  checkShape(options, data);
  const lengths = rowLengths(training, "training", data.length);
  const stepRows = shards * batchSize;
  // The order takes 8 bytes a row, and the main thread draws no batches, so it is created with the first batch.
  let orders: ((epoch: number) => Uint32Array) | undefined;
  const orderOf = (epoch: number) => (orders ??= epochOrders({ seed, lengths, stepRows }))(epoch);
  const rows = lengths.length;
  const heldOutLengths = rowLengths(validation, "validation", data.length);
  const heldOut = Uint32Array.from(heldOutLengths, (_, row) => row);
  createLengthSort(heldOutLengths)(heldOut, 0, heldOut.length, new Uint32Array(heldOut.length));

  const { letterRows } = options;
  const numberVectors = letterRows > 0 ? createVectorNumbers({ vocabulary, letterRows }, letters) : undefined;

  function fill(batch: Batch, table: EncodedTable, order: Uint32Array, first: number, size: number): void {
    fillBatch(batch, table, order, first, size);
    numberVectors?.(batch, table, order, first);
  }

  return {
    labels,
    vocabulary,
    ...training.labelOffsets && {
      labelled: { training: rowsWithLabels(training) / rows, heldOut: rowsWithLabels(validation) },
    },
    length: data.length,
    heldOut: heldOut.length,
    ...classWeights && { classWeights },
    ...training.labelOffsets && { mostLabels: Math.max(mostOf(training), mostOf(validation)) },
    ...numberVectors && {
      mostVectors(size) {
        const unknown = Math.max(mostUnknown(training, size), mostUnknown(validation, size));
        return Math.min(vocabulary + unknown, size * data.length);
      },
    },
    trainingBatch(batch, step, shard) {
      const order = orderOf(Math.floor(step / stepsPerEpoch));
      const first = (step % stepsPerEpoch) * stepRows + shard * batchSize;
      fill(batch, training, order, first, Math.max(0, Math.min(batchSize, rows - first)));
    },
    heldOutBatch: (batch, first, size) => fill(batch, validation, heldOut, first, size),
    sequencesAfter(steps) {
      const epochs = Math.floor(steps / stepsPerEpoch);
      return epochs * rows + Math.min(rows, (steps - epochs * stepsPerEpoch) * stepRows);
    },
  };
}

/** Returns the most labels of a row, at least 1. */
function mostOf({ labelOffsets = new Uint32Array() }: EncodedTable): number {
  return labelOffsets.reduce((most, end, row) => Math.max(most, end - (labelOffsets[row - 1] ?? 0)), 1);
}

/** Returns the number of tokens of each row, `[rows]`. */
function rowLengths(table: EncodedTable, name: string, most: number): Uint16Array {
  const { offsets } = table;
  const lengths = new Uint16Array(rowsOf(table));
  for (let row = 0; row < lengths.length; row++) {
    const length = offsets[row + 1]! - offsets[row]!;
    if (!(length >= 1 && length <= most)) {
      throw new RangeError(`Row ${row} of the ${name} data has ${counted(length, "token")}: expected 1 to ${most}`);
    }
    lengths[row] = length;
  }
  return lengths;
}

function checkShape(options: TableOptions, data: TrainingData): void {
  for (const [key, value] of Object.entries(tableShape(options, data))) {
    const given = options[key as keyof TableOptions];
    if (given !== value) throw new RangeError(`${key} is ${given}: expected ${value}, which follows from the data`);
  }
}
