/** Predicts every row of a table in this thread, and lets others have their turn meanwhile. */
import { inTurns } from "../base/turns.ts";
import { type EncodedTable, rowsOf } from "../data/batches/table.ts";
import type { NativeLibrary } from "../engine/contract.ts";
import { trainedModel } from "../model/task_model.ts";
import { BatchPredictor } from "./batch_predictor.ts";
import type { TrainedModel } from "./trained_model.ts";

/** Rows in a call of the engine, which takes some milliseconds. */
const BATCH = 64;

/** Computes the model's probabilities, `[rows, classes]`. */
export async function predictEncoded(
  { config, labels, version }: Pick<TrainedModel, "config" | "labels" | "version">,
  table: EncodedTable,
  native?: NativeLibrary,
): Promise<Float32Array> {
  const rows = rowsOf(table);
  const lengths = Uint32Array.from({ length: rows }, (_, row) => table.offsets[row + 1]! - table.offsets[row]!);
  // Rows of similar length go together.
  const order = Uint32Array.from({ length: rows }, (_, row) => row).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const maxLength = lengths[order[0] ?? 0] ?? 1;
  const { spec } = trainedModel(config, labels);
  const predictor = await BatchPredictor.open({
    config,
    spec,
    preprocessing: undefined,
    maxBatch: BATCH,
    maxLength,
    native,
  });
  predictor.setNewest(version);
  const probabilities = new Float32Array(rows * labels.length);
  await inTurns(predictor.predictRows(table, order, probabilities));
  return probabilities;
}
