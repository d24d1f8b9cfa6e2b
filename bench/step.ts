// deno-lint-ignore-file no-console
/**
 * Milliseconds of one training step of the simd engine (gradients and lazy update of one replica, one thread) at several
 * shapes, with the useful work's GFLOP/s beside the machine's peak. Shapes take turns; the median counts.
 *
 *     deno run -A bench/step.ts [repeats]
 */
import { adamConstants } from "../lib/engine/adam.ts";
import { batchWords, createBatch } from "../lib/data/batch.ts";
import { createSimdEngine, simdScratchBytes } from "../lib/engine/simd.ts";
import { bindKernels } from "../lib/engine/simd_kernels.ts";
import { initialWeights } from "../lib/model/initial.ts";
import { parameterLayout } from "../lib/model/layout.ts";
import { type ModelSpec, ONE_LAYER } from "../lib/model/spec.ts";

export const SHAPES = [
  { batch: 50, length: 8, embedding: 32, hidden: 64, vocabulary: 50 },
  { batch: 128, length: 8, embedding: 32, hidden: 64, vocabulary: 50 },
  { batch: 512, length: 8, embedding: 32, hidden: 64, vocabulary: 50 },
  { batch: 64, length: 64, embedding: 64, hidden: 128, vocabulary: 50 },
  { batch: 512, length: 32, embedding: 64, hidden: 128, vocabulary: 50 },
  { batch: 64, length: 32, embedding: 64, hidden: 64, vocabulary: 500 },
  { batch: 64, length: 32, embedding: 64, hidden: 64, vocabulary: 50_000 },
];
type Shape = typeof SHAPES[number];

const module = new WebAssembly.Module(await Deno.readFile(new URL("../kernels/lockstep.wasm", import.meta.url)));

/** Multiplications and additions of a step's matrix products, tokens and first tokens counted once (and none missing). */
function usefulFlops({ batch, length, embedding, hidden, vocabulary }: Shape): number {
  const distinct = Math.min(vocabulary, batch * length);
  const states = Math.min(vocabulary, batch) + batch * (length - 2);
  return 3 * 2 * 4 * hidden * (distinct * embedding + states * hidden);
}

/** A function that takes one step on the next of a few random batches. */
export function stepper({ batch: size, length, embedding, hidden, vocabulary }: Shape): () => void {
  const spec: ModelSpec = { vocabulary, embedding, hidden, classes: 2, lstmBiases: 2, ...ONE_LAYER };
  const layout = parameterLayout(spec);
  const scratchBytes = simdScratchBytes(spec, size, length);
  const batchCount = 16;
  const bytes = scratchBytes + 16 * layout.size + batchCount * (4 * batchWords(size, length) + 64);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) + 1, maximum: 65536, shared: true });
  let next = Math.ceil(scratchBytes / 64) * 64;
  const place = (words: number): number => {
    const byteOffset = next;
    next += Math.ceil(words / 16) * 64;
    return byteOffset;
  };
  const vector = () => new Float32Array(memory.buffer, place(layout.size), layout.size);
  const replica = { weights: vector(), m: vector(), v: vector() };
  const gradients = vector();
  replica.weights.set(initialWeights(spec, layout, { seed: 1, forgetBias: 1 }));
  const batches = Array.from({ length: batchCount }, () => {
    const words = batchWords(size, length);
    const batch = createBatch(size, length, new Int32Array(memory.buffer, place(words), words));
    for (let i = 0; i < batch.tokens.length; i++) batch.tokens[i] = Math.floor(Math.random() * vocabulary);
    for (let i = 0; i < size; i++) {
      batch.labels[i] = (batch.tokens[i * length]! + batch.tokens[(i + 1) * length - 1]!) % 2;
    }
    batch.lengths.fill(length);
    return batch;
  });
  const engine = createSimdEngine({
    spec,
    layout,
    adam: adamConstants(1e-8),
    embeddingRows: "lazy",
    module,
    memory,
    scratch: { byteOffset: 0, byteLength: scratchBytes },
    maxBatch: size,
    maxLength: length,
  });
  let step = 0;
  return () => {
    engine.gradients(replica.weights, batches[step++ % batchCount]!, gradients, 0);
    const options = { step, learningRate: 0.01, scale: 1, begin: 0, end: layout.size, rows: engine.rows() };
    engine.update(replica, gradients, replica, options);
  };
}

/** Milliseconds of one call, the mean over about `budget` milliseconds. */
function timed(call: () => void, budget: number): number {
  const started = performance.now();
  let calls = 0;
  do {
    call();
    calls++;
  } while (performance.now() - started < budget);
  return (performance.now() - started) / calls;
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

if (import.meta.main) {
  const repeats = Number(Deno.args[0] ?? 9);
  const steppers = SHAPES.map(stepper);
  const { peak } = bindKernels(module, new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }));
  const calls = [...steppers, () => peak(100_000)];
  for (const call of calls) timed(call, 500);
  const times = calls.map((): number[] => []);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [index, call] of calls.entries()) times[index]!.push(timed(call, 100));
  }
  const peakGflops = 96 * 100_000 / median(times.at(-1)!) / 1e6;
  console.table(SHAPES.map((shape, index) => {
    const milliseconds = median(times[index]!);
    const gflops = usefulFlops(shape) / milliseconds / 1e6;
    return {
      ...shape,
      "ms/step": milliseconds.toFixed(3),
      "fastest": Math.min(...times[index]!).toFixed(3),
      "GFLOP/s": gflops.toFixed(1),
      "of peak": `${(100 * gflops / peakGflops).toFixed(0)} %`,
    };
  }));
  console.log(`Peak of 128-bit multiply-add in WebAssembly: ${peakGflops.toFixed(1)} GFLOP/s`);
}
