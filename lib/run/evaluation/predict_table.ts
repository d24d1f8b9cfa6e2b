/** What a model says of every row of a table, computed in this thread without holding it for long. */
import type { TrainingConfig } from "../../config/schema.ts";
import { fillBatch } from "../../data/batches/fill_batch.ts";
import type { EncodedTable } from "../../data/batches/table.ts";
import { type Combination, createCombiner } from "../../ngrams/mix.ts";
import { type BaselineModel, classify, createBagger } from "../../ngrams/model.ts";
import { engineOptions } from "../../engine/create_engine.ts";
import { createWorkspace } from "../../engine/workspace.ts";
import { trainedModel } from "../../model/task_model.ts";

export interface TrainedModel {
  readonly config: TrainingConfig;
  readonly labels: readonly string[];
  /** `[layout.size]` */
  readonly weights: Float32Array;
  /** What it is beside the LSTM of these weights. */
  readonly ngrams?: Combination | undefined;
}

/** Rows that go through the engine in one call: some milliseconds. */
const BATCH = 64;

/** Milliseconds after which others get their turn. */
const TURN_MS = 5;

/** Probabilities, `[rows, classes]`. */
export async function predictTable(
  { config, labels, weights, ngrams }: TrainedModel,
  table: EncodedTable,
): Promise<Float32Array> {
  const model = trainedModel(config, labels);
  const [rows, classes] = [table.labels.length, labels.length];
  const combine = ngrams && createCombiner(ngrams);
  const lengths = Uint32Array.from({ length: rows }, (_, row) => table.offsets[row + 1]! - table.offsets[row]!);
  // Rows of like length go together.
  const order = Uint32Array.from({ length: rows }, (_, row) => row).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const longest = lengths[order[0] ?? 0] ?? 1;
  const { engine, floats, batch: createBatch } = await createWorkspace(
    engineOptions(config, model, BATCH, longest),
    { floats: model.layout.size, batches: 1 },
  );
  const own = floats(model.layout.size);
  own.set(weights);
  engine.hold(own);
  const batch = createBatch(BATCH, longest);
  const probabilities = new Float32Array(rows * classes);
  let begun = performance.now();
  for (let first = 0; first < rows; first += BATCH) {
    const chosen = order.subarray(first, first + BATCH);
    fillBatch(batch, table, chosen, 0, chosen.length);
    const found = engine.predict(own, batch);
    chosen.forEach((row, at) => {
      const own = probabilities.subarray(row * classes, (row + 1) * classes);
      own.set(found.subarray(at * classes, (at + 1) * classes));
      combine?.(own, table.tokens, table.offsets[row]!, table.offsets[row + 1]!);
    });
    if (performance.now() - begun < TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    begun = performance.now();
  }
  return probabilities;
}

/** Class probabilities by the n-grams alone, `[rows, classes]`. */
export async function predictByNgrams(model: BaselineModel, table: EncodedTable): Promise<Float64Array> {
  const { classes } = model;
  const bag = createBagger(model);
  const probabilities = new Float64Array(table.labels.length * classes);
  let begun = performance.now();
  for (let row = 0; row < table.labels.length; row++) {
    const own = probabilities.subarray(row * classes, (row + 1) * classes);
    classify(model, bag(table.tokens, table.offsets[row]!, table.offsets[row + 1]!), own);
    if (row % BATCH > 0 || performance.now() - begun < TURN_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    begun = performance.now();
  }
  return probabilities;
}
