// deno-lint-ignore-file no-console
/**
 * Measures one training step (gradients and update of one replica, one thread, no averaging) of the simd engine: at the
 * sizes of shapes.ts, and at one size with each option of models and batches. All take turns; `of peak` compares the
 * products that a step needs with the peak of a core.
 *
 *     deno run -A bench/train/engine_step.ts [repeats] [auto|wasm|avx2|…]
 */
import { z } from "zod";
import { KERNEL_CHOICES } from "../../lib/config/kernels.ts";
import { adamConstants } from "../../lib/engine/adam.ts";
import type { EmbeddingRows } from "../../lib/engine/contract.ts";
import { createWorkspace } from "../../lib/engine/workspace.ts";
import { initialWeights } from "../../lib/model/initial.ts";
import { parameterLayout } from "../../lib/model/layout.ts";
import type { ModelSpec } from "../../lib/model/spec.ts";
import { ONE_LAYER } from "../../tests/model/one_layer.ts";
import { Random, Stream } from "../../lib/base/numbers/random.ts";
import { quantile } from "../measure.ts";
import { simdEngines } from "./engines.ts";
import { measurePeak } from "./peak.ts";
import { CLASSES, shapeName, SHAPES, VOCABULARY } from "./shapes.ts";

interface Variant extends Partial<ModelSpec> {
  readonly batch: number;
  readonly length: number;
  /** The lengths of rows: all `length`, or from 1 to `length`: random, sorted, or as in a table's window of steps. */
  readonly lengths?: "any" | "longest first" | "alike" | undefined;
  readonly dropout?: number;
  readonly embeddingRows?: EmbeddingRows;
  /** Draws tokens with a frequency of 1 / rank instead of uniformly. */
  readonly zipf?: boolean;
}

/** Describes sentences, on which padding may cost time. */
const SENTENCES: Variant = {
  batch: 32,
  length: 50,
  embedding: 64,
  hidden: 64,
  vocabulary: 10_000,
  bidirectional: true,
  pooling: "max",
  zipf: true,
};

const TEXT = { batch: 64, length: 32, embedding: 64, hidden: 64, vocabulary: 500 };

const VARIANTS: Readonly<Record<string, Variant>> = {
  ...Object.fromEntries(SHAPES.map((shape) => [shapeName(shape), { ...shape, vocabulary: VOCABULARY }])),
  "text: batch 64, length 32, embedding 64, hidden 64, vocabulary 500": TEXT,
  "text, vocabulary 50,000": { ...TEXT, vocabulary: 50_000 },
  "text, vocabulary 500, zipf": { ...TEXT, zipf: true },
  "text, vocabulary 50,000, zipf": { ...TEXT, vocabulary: 50_000, zipf: true },
  "text, vocabulary 50,000, dense rows": { ...TEXT, vocabulary: 50_000, embeddingRows: "dense" },
  "text, lengths from 1 to 32": { ...TEXT, lengths: "any" },
  "text, lengths from 1 to 32, longest first": { ...TEXT, lengths: "longest first" },
  "text, two directions": { ...TEXT, bidirectional: true },
  "text, mean": { ...TEXT, pooling: "mean" },
  "text, max": { ...TEXT, pooling: "max" },
  "text, dropout": { ...TEXT, dropout: 0.3 },
  "text, 2 layers": { ...TEXT, layers: 2 },
  "sentences: batch 32, length 50, vocabulary 10,000, two directions, max": SENTENCES,
  "sentences, lengths from 1 to 50": { ...SENTENCES, lengths: "any" },
  "sentences, lengths from 1 to 50, longest first": { ...SENTENCES, lengths: "longest first" },
  "sentences, lengths from 1 to 50, alike in a batch": { ...SENTENCES, lengths: "alike" },
  "text, all of these": {
    ...TEXT,
    layers: 2,
    bidirectional: true,
    lengths: "any",
    pooling: "max",
    dropout: 0.3,
  },
};

const [simd] = simdEngines([z.enum(KERNEL_CHOICES).parse(Deno.args[1] ?? "auto")]);

/** Counts the different batches that take turns. */
const BATCHES = 8;

interface Contestant {
  step(): void;
  /** Counts the floating-point operations of the last step's products, if known: tokens and first tokens count once. */
  flops(): number | undefined;
  /** Counts the distinct tokens of the last batch. */
  distinct(): number;
  /** Counts the real tokens of a batch, on average. */
  readonly tokens: number;
}

async function contestant(variant: Variant): Promise<Contestant> {
  const { batch: size, length, lengths, dropout = 0, embeddingRows = "lazy", zipf, ...model } = variant;
  const defaults = { vocabulary: VOCABULARY, embedding: 64, hidden: 64, classes: CLASSES, lstmBiases: 2 } as const;
  const spec: ModelSpec = { ...defaults, ...ONE_LAYER, ...model };
  const layout = parameterLayout(spec);
  const options = {
    engine: "simd",
    backend: "cpu",
    spec,
    layout,
    adam: adamConstants(1e-8),
    dropout: { rate: dropout, seed: 1 },
    embeddingRows,
    maxBatch: size,
    maxLength: length,
    native: simd!.native,
  } as const;
  const { engine, floats, batch } = await createWorkspace(options, { floats: 4 * layout.size, batches: BATCHES });
  const weights = floats(initialWeights(spec, layout, { seed: 1, forgetBias: 1 }));
  const replica = { weights, m: floats(layout.size), v: floats(layout.size) };
  const gradients = floats(layout.size);
  const random = new Random(1, Stream.trainingData);
  const token = () => zipf ? Math.floor(spec.vocabulary ** random.uniform()) - 1 : random.below(spec.vocabulary);
  const batches = Array.from({ length: BATCHES }, (_, index) => {
    random.seek(index);
    const made = batch(size, length);
    for (let i = 0; i < size * length; i++) made.tokens[i] = Math.max(0, token());
    for (let row = 0; row < size; row++) {
      made.labels[row] = random.below(CLASSES);
      made.lengths[row] = lengths ? 1 + random.below(length) : length;
    }
    if (lengths === "longest first") made.lengths.subarray(0, size).sort().reverse();
    return made;
  });
  if (lengths === "alike") {
    const all = batches.flatMap((made) => [...made.lengths.subarray(0, size)]).sort((a, b) => b - a);
    for (const [index, made] of batches.entries()) {
      made.lengths.set(all.slice(index * size, (index + 1) * size));
      made.length = made.lengths[0]!;
    }
  }
  let step = 0;
  return {
    step() {
      engine.gradients(weights, batches[step++ % BATCHES]!, gradients, step);
      const rows = embeddingRows === "lazy" ? { rows: engine.rows() } : {};
      const range = { begin: 0, end: layout.size };
      engine.update(replica, gradients, replica, { step, learningRate: 0.001, scale: 1, ...range, ...rows });
    },
    flops() {
      if (lengths || spec.layers > 1 || spec.bidirectional) return undefined;
      const { tokens } = batches[(step - 1) % BATCHES]!;
      const firsts = new Set(Array.from({ length: size }, (_, row) => tokens[row * length]));
      const states = firsts.size + size * (length - 2);
      return 3 * 2 * 4 * spec.hidden * (engine.rows().length * spec.embedding + states * spec.hidden);
    },
    distinct: () => engine.rows().length,
    tokens: batches.reduce((sum, made) => sum + made.lengths.subarray(0, size).reduce((a, b) => a + b, 0), 0) / BATCHES,
  };
}

const repeats = Number(Deno.args[0] ?? 30);
const contestants = await Promise.all(Object.values(VARIANTS).map(contestant));
const times = contestants.map((): number[] => []);
for (let repeat = -10; repeat < repeats; repeat++) {
  for (const [index, { step }] of contestants.entries()) {
    const started = performance.now();
    step();
    if (repeat >= 0) times[index]!.push(performance.now() - started);
  }
}
const peak = measurePeak();
console.log(`Engine ${simd!.name}`);
console.table(
  Object.keys(VARIANTS).map((variant, index) => {
    const median = quantile(times[index]!, 0.5);
    const mean = times[index]!.reduce((sum, time) => sum + time, 0) / repeats;
    const flops = contestants[index]!.flops();
    const gflops = flops === undefined ? NaN : flops / median / 1e6;
    return {
      variant,
      distinct: contestants[index]!.distinct(),
      "ms/step": median.toFixed(2),
      fastest: quantile(times[index]!, 0).toFixed(2),
      "µs/token": (1000 * mean / contestants[index]!.tokens).toFixed(2),
      "of peak": Number.isNaN(gflops) ? "" : `${(100 * gflops / peak).toFixed(0)} %`,
    };
  }),
);
console.log(`Peak of 128-bit multiply-add in WebAssembly: ${peak.toFixed(1)} GFLOP/s`);
