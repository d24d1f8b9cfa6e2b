// deno-lint-ignore-file no-console
/**
 * Milliseconds of one training step (gradients and update of one replica, one thread) of the simd engine with each of the
 * options of models and batches: batch 64, length 32, embedding and hidden 64, vocabulary 500 unless it says otherwise.
 * Tokens are uniform or, with `zipf`, as frequent as 1 / rank. All take turns; `distinct` is how many tokens a batch has.
 *
 *     deno run -A bench/options.ts [repeats]
 */
import { adamConstants } from "../lib/engine/adam.ts";
import type { EmbeddingRows } from "../lib/engine/contract.ts";
import { createWorkspace } from "../lib/engine/workspace.ts";
import { initialWeights } from "../lib/model/initial.ts";
import { parameterLayout } from "../lib/model/layout.ts";
import { type ModelSpec, ONE_LAYER } from "../lib/model/spec.ts";
import { Random, Stream } from "../lib/random.ts";

interface Variant extends Partial<ModelSpec> {
  readonly isPadded?: boolean;
  readonly dropout?: number;
  readonly embeddingRows?: EmbeddingRows;
  readonly zipf?: boolean;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  "plain": {},
  "lengths from 1 to 32": { isPadded: true },
  "two directions": { bidirectional: true },
  "mean": { pooling: "mean" },
  "max": { pooling: "max" },
  "dropout": { dropout: 0.3 },
  "2 layers": { layers: 2 },
  "2 layers, two directions": { layers: 2, bidirectional: true },
  "2 layers, two directions, lengths, max, dropout": {
    layers: 2,
    bidirectional: true,
    isPadded: true,
    pooling: "max",
    dropout: 0.3,
  },
  "lazy rows": { embeddingRows: "lazy" },
  "lazy rows, vocabulary 50,000": { embeddingRows: "lazy", vocabulary: 50_000 },
  "lazy rows, zipf": { embeddingRows: "lazy", zipf: true },
  "lazy rows, zipf, vocabulary 50,000": { embeddingRows: "lazy", zipf: true, vocabulary: 50_000 },
};

const SIZE = 64, LENGTH = 32, BATCHES = 8;

interface Contestant {
  step(): void;
  /** Distinct tokens of the last batch. */
  distinct(): number;
}

async function contestant(
  { isPadded, dropout = 0, embeddingRows = "dense", zipf, ...model }: Variant,
): Promise<Contestant> {
  const defaults = { vocabulary: 500, embedding: 64, hidden: 64, classes: 2, lstmBiases: 2, ...ONE_LAYER } as const;
  const spec: ModelSpec = { ...defaults, ...model };
  const layout = parameterLayout(spec);
  const options = {
    engine: "simd",
    backend: "cpu",
    spec,
    layout,
    adam: adamConstants(1e-8),
    dropout: { rate: dropout, seed: 1 },
    embeddingRows,
    maxBatch: SIZE,
    maxLength: LENGTH,
  } as const;
  const { engine, floats, batch } = await createWorkspace(options, { floats: 4 * layout.size, batches: BATCHES });
  const replica = {
    weights: floats(initialWeights(spec, layout, { seed: 1, forgetBias: 1 })),
    m: floats(layout.size),
    v: floats(layout.size),
  };
  const gradients = floats(layout.size);
  const random = new Random(1, Stream.trainingData);
  const token = () => zipf ? Math.floor(spec.vocabulary ** random.uniform()) - 1 : random.below(spec.vocabulary);
  const batches = Array.from({ length: BATCHES }, (_, index) => {
    random.seek(index);
    const made = batch(SIZE, LENGTH);
    for (let i = 0; i < SIZE * LENGTH; i++) made.tokens[i] = token();
    for (let row = 0; row < SIZE; row++) {
      made.labels[row] = random.below(2);
      made.lengths[row] = isPadded ? 1 + random.below(LENGTH) : LENGTH;
    }
    return made;
  });
  let step = 0;
  return {
    step() {
      engine.gradients(replica.weights, batches[step++ % BATCHES]!, gradients, step);
      const rows = embeddingRows === "lazy" ? engine.rows() : undefined;
      const range = { begin: 0, end: layout.size };
      engine.update(replica, gradients, replica, { step, learningRate: 0.001, scale: 1, ...range, rows });
    },
    distinct: () => engine.rows().length,
  };
}

const quantile = (values: number[], part: number): string =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * part)]!.toFixed(2);

const repeats = Number(Deno.args[0] ?? 50);
const contestants = await Promise.all(Object.values(VARIANTS).map(contestant));
const times = contestants.map((): number[] => []);
for (let repeat = -10; repeat < repeats; repeat++) {
  for (const [index, { step }] of contestants.entries()) {
    const started = performance.now();
    step();
    if (repeat >= 0) times[index]!.push(performance.now() - started);
  }
}
console.table(
  Object.keys(VARIANTS).map((name, index) => ({
    variant: name,
    distinct: contestants[index]!.distinct(),
    "ms/step": quantile(times[index]!, 0.5),
    fastest: quantile(times[index]!, 0),
  })),
);
