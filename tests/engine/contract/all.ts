/** Tests the contract of engines: one suite, run over each implementation. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import type { Engine, Replica } from "../../../lib/engine/contract.ts";
import { coefficients, createTreeMean, squaredDistance } from "../../../lib/engine/tree_mean.ts";
import { tensorView } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { assertClose } from "../close.ts";
import { type EngineNeeds, example } from "./example.ts";
import { finiteDifferences, plainLossSum, plainProbabilities } from "../plain_lstm.ts";
import { engineHoldContract } from "./hold.ts";
import { engineLabelsContract } from "./labels.ts";
import { engineOptionsContract } from "./options.ts";
import { engineMeanUpdateContract, engineSlowRowsContract } from "./mean_update.ts";
import { engineRowsContract } from "./rows.ts";
import * as trace from "../pytorch_trace.ts";
import { type MakeEngine, withEngine as withMade } from "./with_engine.ts";

const SMALL: ModelSpec = { vocabulary: 7, embedding: 3, hidden: 5, classes: 3, lstmBiases: 2, ...ONE_LAYER };

export function engineContract(name: string, makeEngine: MakeEngine): void {
  const withEngine = (needs: EngineNeeds, use: (engine: Engine) => void) => withMade(makeEngine, needs, use);
  engineOptionsContract(name, makeEngine);
  engineRowsContract(name, makeEngine);
  engineMeanUpdateContract(name, makeEngine);
  engineSlowRowsContract(name, makeEngine);
  engineHoldContract(name, makeEngine);
  engineLabelsContract(name, makeEngine);

  Deno.test(`${name}: predict() gives PyTorch's first logits to 1e-5, up to a constant per row`, async () => {
    await withEngine(trace, (engine) => {
      const logarithms = engine.predict(trace.initial, trace.batches[0]!).map(Math.log);
      const { classes } = trace.spec;
      const differences = (values: ArrayLike<number>) =>
        Array.from(values, (value, i) => value - values[i - i % classes]!);
      assertClose(differences(logarithms), differences(trace.firstLogits), 1e-5);
    });
  });

  Deno.test(`${name}: gradients() gives PyTorch's first gradients to 1e-5`, async () => {
    await withEngine(trace, (engine) => {
      const gradients = new Float32Array(trace.layout.size);
      engine.gradients(trace.initial, trace.batches[0]!, gradients, 0);
      assertClose(gradients, trace.firstGradients, 1e-5);
    });
  });

  Deno.test(`${name}: update() follows PyTorch's 25 losses and final weights to 1e-4`, async () => {
    await withEngine(trace, (engine) => {
      const { layout, learningRate } = trace;
      const gradients = new Float32Array(layout.size);
      const weights = trace.initial.slice();
      const replica: Replica = { weights, m: new Float32Array(layout.size), v: new Float32Array(layout.size) };
      const losses = trace.batches.map((batch, i) => {
        const { lossSum } = engine.gradients(weights, batch, gradients, 0);
        const options = { step: i + 1, learningRate, scale: 1, begin: 0, end: layout.size };
        engine.update(replica, gradients, replica, options);
        return lossSum / batch.size;
      });
      assertClose(losses, trace.losses, 1e-4);
      assertClose(weights, trace.final, 1e-4);
    });
  });

  const shapes: [what: string, spec: Partial<ModelSpec>, size: number, length: number][] = [
    ["widths that are no multiples of 4", {}, 4, 3],
    ["widths that are multiples of 4", { embedding: 4, hidden: 8 }, 3, 3],
    ["widths of 1", { embedding: 1, hidden: 1 }, 3, 4],
    ["a batch of 1", {}, 1, 4],
    ["a length of 1", {}, 3, 1],
    ["2 classes", { classes: 2 }, 3, 3],
    ["5 classes", { classes: 5 }, 6, 2],
    ["a token that repeats", { vocabulary: 1 }, 2, 4],
  ];
  for (const [what, change, size, length] of shapes) {
    Deno.test(`${name}: gradients() equals finite differences to 1e-5 for ${what}`, async () => {
      const { weights, batch, ...needs } = example({ ...SMALL, ...change }, size, length);
      await withEngine(needs, (engine) => {
        const gradients = new Float32Array(needs.layout.size);
        const { lossSum } = engine.gradients(weights, batch, gradients, 0);
        assertClose(gradients, finiteDifferences(needs.spec, needs.layout, weights, batch), 1e-5);
        assertAlmostEquals(lossSum, plainLossSum(needs.spec, needs.layout, weights, batch), 1e-5 * size);
      });
    });
  }

  Deno.test(`${name}: gradients() reads only the rows and the length in use`, async () => {
    const { weights, batch: used, ...needs } = example(SMALL, 3, 2);
    const batch = createBatch(5, 6);
    for (const words of [batch.tokens, batch.lengths, batch.labels]) words.fill(99);
    batch.tokens.set(used.tokens);
    batch.lengths.set(used.lengths);
    batch.labels.set(used.labels);
    batch.size = 3;
    batch.length = 2;
    await withEngine(needs, (engine) => {
      const [actual, expected] = [new Float32Array(needs.layout.size), new Float32Array(needs.layout.size)];
      assertEquals(engine.gradients(weights, batch, actual, 0), engine.gradients(weights, used, expected, 0));
      assertEquals(actual, expected);
      assertEquals(engine.predict(weights, batch), engine.predict(weights, used));
    });
  });

  Deno.test(`${name}: gradients() accepts another size and length with every call`, async () => {
    const { spec, layout, adam, weights } = example(SMALL, 1, 1);
    await withEngine({ spec, layout, adam }, (engine) => {
      const gradients = new Float32Array(layout.size);
      for (const [size, length] of [[2, 3], [5, 1], [1, 6], [2, 3]] as const) {
        const { batch } = example(SMALL, size, length);
        const { lossSum } = engine.gradients(weights, batch, gradients, 0);
        assertAlmostEquals(lossSum, plainLossSum(spec, layout, weights, batch), 1e-5 * size);
      }
    });
  });

  Deno.test(`${name}: gradients() leaves weights unchanged and sets the gaps of its output to 0`, async () => {
    const { weights, batch, ...needs } = example(SMALL, 3, 3);
    await withEngine(needs, (engine) => {
      const before = weights.slice();
      const gradients = new Float32Array(needs.layout.size).fill(7);
      engine.gradients(weights, batch, gradients, 0);
      assertEquals(weights, before);
      for (const tensor of needs.layout.tensors) tensorView(gradients, tensor).fill(0);
      assertEquals(gradients, new Float32Array(needs.layout.size));
    });
  });

  Deno.test(`${name}: gradients() and predict() give the same bits for the same input`, async () => {
    const { weights, batch, ...needs } = example({ ...SMALL, embedding: 16, hidden: 24 }, 9, 5);
    await withEngine(needs, (engine) => {
      const [first, second] = [new Float32Array(needs.layout.size), new Float32Array(needs.layout.size)];
      const metrics = engine.gradients(weights, batch, first, 0);
      const probabilities = engine.predict(weights, batch);
      engine.gradients(first, batch, second, 0); // Something else in between.
      assertEquals(engine.gradients(weights, batch, second, 0), metrics);
      assertEquals(second, first);
      assertEquals(engine.predict(weights, batch), probabilities);
    });
  });

  Deno.test(`${name}: an engine works on vectors and batches in shared memory, and sees them change`, async () => {
    const { weights, batch, ...needs } = example(SMALL, 3, 3);
    const { layout } = needs;
    const shared = () => new Float32Array(new SharedArrayBuffer(layout.size * 4));
    const words = new Int32Array(new SharedArrayBuffer(3 * 5 * 4));
    const sharedBatch = createBatch(3, 3, words);
    sharedBatch.tokens.set(batch.tokens);
    sharedBatch.lengths.set(batch.lengths);
    sharedBatch.labels.set(batch.labels);
    await withEngine(needs, (engine) => {
      const replica: Replica = { weights: shared(), m: shared(), v: shared() };
      replica.weights.set(weights);
      const [actual, expected] = [shared(), new Float32Array(layout.size)];
      assertEquals(
        engine.gradients(replica.weights, sharedBatch, actual, 0),
        engine.gradients(weights, batch, expected, 0),
      );
      assertEquals(actual.slice(), expected);
      const options = { step: 1, learningRate: 0.1, scale: 1, begin: 0, end: layout.size };
      engine.update(replica, actual, replica, options);
      const moved = engine.predict(replica.weights, sharedBatch);
      assertEquals(moved, engine.predict(replica.weights.slice(), batch));
      assertClose(moved, plainProbabilities(needs.spec, layout, replica.weights, batch), 1e-5);
    });
  });

  Deno.test(`${name}: evaluate() counts the rows whose most probable class is the label`, async () => {
    const { weights, batch, ...needs } = example(SMALL, 6, 3);
    const { classes } = needs.spec;
    await withEngine(needs, (engine) => {
      const probabilities = engine.predict(weights, batch);
      for (let row = 0; row < batch.size; row++) {
        const ofRow = probabilities.slice(row * classes, (row + 1) * classes);
        const best = ofRow.indexOf(Math.max(...ofRow));
        batch.labels[row] = row < 4 ? best : (best + 1) % classes;
      }
      const metrics = engine.evaluate(weights, batch);
      assertEquals(metrics.correct, 4);
      assertAlmostEquals(metrics.lossSum, plainLossSum(needs.spec, needs.layout, weights, batch), 1e-5);
      assertEquals(engine.gradients(weights, batch, new Float32Array(needs.layout.size), 0).correct, 4);
    });
  });

  Deno.test(`${name}: evaluate() predicts the lowest of equally probable classes`, async () => {
    const { batch, ...needs } = example(SMALL, 3, 2);
    batch.labels.set([0, 1, 0]);
    await withEngine(needs, (engine) => {
      const metrics = engine.evaluate(new Float32Array(needs.layout.size), batch);
      assertEquals(metrics.correct, 2);
      assertAlmostEquals(metrics.lossSum, 3 * Math.log(3), 1e-6);
    });
  });

  Deno.test(`${name}: evaluate() is finite for logits in the hundreds`, async () => {
    const { batch, ...needs } = example(SMALL, 3, 2);
    batch.labels.set([0, 1, 2]);
    const weights = new Float32Array(needs.layout.size);
    const denseBias = needs.layout.tensors.at(-1)!;
    tensorView(weights, denseBias).set([500, 0, -500]);
    await withEngine(needs, (engine) => {
      assertAlmostEquals(engine.evaluate(weights, batch).lossSum, 0 + 500 + 1000, 1e-3);
      assertEquals([...engine.predict(weights, batch)], [1, 0, 0, 1, 0, 0, 1, 0, 0]);
    });
  });

  Deno.test(`${name}: predict() returns a new array`, async () => {
    const { weights, batch, ...needs } = example(SMALL, 2, 2);
    await withEngine(needs, (engine) => {
      const first = engine.predict(weights, batch);
      const kept = first.slice();
      engine.predict(new Float32Array(needs.layout.size), batch);
      assertEquals(first, kept);
    });
  });

  Deno.test(`${name}: predict() gives probabilities that sum to 1 and equal the plain model's to 1e-5`, async () => {
    const small = fc.integer({ min: 1, max: 9 });
    const model = fc.record({
      vocabulary: small,
      embedding: small,
      hidden: small,
      classes: fc.integer({ min: 2, max: 6 }),
    });
    const property = fc.asyncProperty(model, small, small, fc.nat(), async (sizes, size, length, seed) => {
      const tried = example({ ...sizes, lstmBiases: 1, ...ONE_LAYER }, size, length, seed);
      await withEngine(tried, (engine) => {
        const probabilities = engine.predict(tried.weights, tried.batch);
        assertEquals(probabilities.length, size * sizes.classes);
        assertClose(probabilities, plainProbabilities(tried.spec, tried.layout, tried.weights, tried.batch), 1e-5);
        for (let row = 0; row < size; row++) {
          const ofRow = probabilities.subarray(row * sizes.classes, (row + 1) * sizes.classes);
          assertAlmostEquals(ofRow.reduce((sum, value) => sum + value, 0), 1, 1e-6);
        }
      });
    });
    await fc.assert(property, { numRuns: 15 });
  });

  Deno.test(`${name}: squaredNorm() weighs tensors by multiplicity, from begin to end`, async () => {
    const { layout, ...needs } = example(SMALL, 1, 1);
    const gradients = Float32Array.from({ length: layout.size }, (_, i) => Math.sin(i));
    for (const { offset, size } of layout.tensors) {
      gradients.fill(0, offset + size, Math.ceil((offset + size) / 16) * 16);
    }
    await withEngine({ layout, ...needs }, (engine) => {
      for (const [begin, end] of [[0, layout.size], [5, 100], [50, 51], [7, 7]] as const) {
        let expected = 0;
        for (let i = begin; i < end; i++) {
          const isLstmBias = layout.tensors.some(({ name, offset, size }) =>
            name === "lstm/bias" && i >= offset && i < offset + size
          );
          expected += (isLstmBias ? 2 : 1) * gradients[i]! ** 2;
        }
        assertAlmostEquals(engine.squaredNorm(gradients, begin, end), expected, 1e-9 * (1 + expected));
      }
    });
  });

  Deno.test(`${name}: update() in ranges, and into other arrays, equals one update()`, async () => {
    const { weights, batch, ...needs } = example(SMALL, 3, 3);
    const { size } = needs.layout;
    const fresh = (): Replica => ({ weights: weights.slice(), m: new Float32Array(size), v: new Float32Array(size) });
    await withEngine(needs, (engine) => {
      const gradients = new Float32Array(size);
      engine.gradients(weights, batch, gradients, 0);
      const options = { step: 3, learningRate: 0.1, scale: 0.5, begin: 0, end: size };
      const [whole, parts] = [fresh(), fresh()];
      engine.update(whole, gradients, whole, options);
      const source = fresh();
      engine.update(source, gradients, parts, { ...options, end: 40 });
      assertEquals(parts.weights.slice(40), weights.slice(40));
      engine.update(source, gradients, parts, { ...options, begin: 40 });
      assertEquals(parts, whole);
      assertEquals(source, fresh());
    });
  });

  Deno.test(`${name}: average() gives the bits of the reference tree for 1 to 17 vectors`, async () => {
    const { layout, ...needs } = example(SMALL, 1, 1);
    await withEngine({ layout, ...needs }, (engine) => {
      for (const shards of [1, 2, 3, 4, 7, 8, 17]) {
        const vectors = Array.from(
          { length: shards },
          (_, shard) =>
            Float32Array.from({ length: layout.size }, (_, i) => Math.sin(1 + i * shards + shard) * 2 ** (i % 20 - 10)),
        );
        const shares = coefficients(vectors.map((_, shard) => 5 + shard % 3));
        const [begin, end] = [16, layout.size - 16];
        const [actual, expected] = [new Float32Array(layout.size).fill(7), new Float32Array(layout.size).fill(7)];
        createTreeMean(shards).mean(vectors, shares, expected, begin, end);
        const options = { vectors, coefficients: shares, into: actual, begin, end };
        assertEquals(engine.average({ ...options, drift: false }), 0);
        assertEquals(actual, expected);
        const distance = squaredDistance(vectors, expected, begin, end);
        assertAlmostEquals(engine.average({ ...options, drift: true }), distance, 1e-6 * distance);
        assertEquals(actual, expected);
      }
    });
  });
}
