/** Tests the contract of engines for the options of models, batches and optimizers. */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import type { Engine } from "../../../lib/engine/contract.ts";
import { dropoutMasks } from "../../../lib/engine/dropout.ts";
import { tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { assertClose } from "../close.ts";
import { engineWeightsContract } from "./weights.ts";
import { type Example, example, vectorsOf } from "./example.ts";
import { finiteDifferences, plainFactor, plainLossSum, plainProbabilities } from "../plain_lstm.ts";
import { type MakeEngine, withEngine } from "./with_engine.ts";

const SMALL: ModelSpec = { ...ONE_LAYER, vocabulary: 7, embedding: 3, hidden: 4, classes: 3, lstmBiases: 1 };
const DEEP = { layers: 3, bidirectional: true } as const;

interface Case {
  readonly spec: Partial<ModelSpec>;
  readonly size: number;
  readonly length: number;
  /** Counts the real tokens of each row; all by default. */
  readonly lengths?: readonly number[];
  readonly rate?: number;
  readonly draw?: number;
  /** Lists the rows that each vector is made of. */
  readonly vectors?: readonly (readonly number[])[];
}

const cases: [what: string, given: Case][] = [
  ["2 layers", { spec: { layers: 2 }, size: 3, length: 3 }],
  ["3 layers, widths of 8", { spec: { layers: 3, embedding: 8, hidden: 8 }, size: 2, length: 3 }],
  ["2 layers, one time step", { spec: { layers: 2 }, size: 3, length: 1 }],
  ["two directions", { spec: { bidirectional: true }, size: 3, length: 4 }],
  ["two directions, one time step", { spec: { bidirectional: true }, size: 3, length: 1 }],
  ["2 layers of two directions", { spec: { layers: 2, bidirectional: true }, size: 3, length: 3 }],
  ["the mean over time", { spec: { pooling: "mean" }, size: 3, length: 4 }],
  ["the maximum over time", { spec: { pooling: "max" }, size: 3, length: 4 }],
  ["the mean over one time step", { spec: { pooling: "mean" }, size: 3, length: 1 }],
  ["the maximum over one time step", { spec: { pooling: "max" }, size: 3, length: 1 }],
  ["the mean over time of two directions", { spec: { pooling: "mean", bidirectional: true }, size: 2, length: 3 }],
  ["the maximum over time of two directions", { spec: { pooling: "max", bidirectional: true }, size: 2, length: 3 }],
  ["padded rows", { spec: {}, size: 4, length: 4, lengths: [4, 1, 3, 2] }],
  ["padded rows, the longest first, two directions", {
    spec: { bidirectional: true, pooling: "max" },
    size: 4,
    length: 5,
    lengths: [5, 3, 3, 1],
  }],
  ["rows that are all padded", { spec: {}, size: 2, length: 5, lengths: [2, 3] }],
  ["padded rows, two directions", { spec: { bidirectional: true }, size: 4, length: 4, lengths: [2, 4, 1, 3] }],
  ["padded rows, the mean", { spec: { pooling: "mean" }, size: 4, length: 4, lengths: [4, 1, 3, 2] }],
  ["padded rows, the maximum", { spec: { pooling: "max" }, size: 4, length: 4, lengths: [1, 4, 3, 2] }],
  ["padded rows, 3 layers of two directions", { spec: DEEP, size: 3, length: 3, lengths: [3, 1, 2] }],
  ["dropout", { spec: {}, size: 3, length: 4, rate: 0.5, draw: 3 }],
  ["dropout of a token that repeats", { spec: { vocabulary: 2 }, size: 4, length: 4, rate: 0.3, draw: 0 }],
  ["dropout, 2 layers", { spec: { layers: 2 }, size: 3, length: 3, rate: 0.3, draw: 70_001 }],
  ["dropout, 3 layers of two directions", { spec: DEEP, size: 2, length: 3, rate: 0.2, draw: 9 }],
  [
    "all at once, the mean",
    { spec: { ...DEEP, pooling: "mean" }, size: 3, length: 3, lengths: [2, 3, 1], rate: 0.25, draw: 2 ** 28 - 1 },
  ],
  [
    "all at once, the maximum",
    { spec: { ...DEEP, pooling: "max" }, size: 3, length: 3, lengths: [2, 3, 1], rate: 0.25, draw: 5 },
  ],
  ["vectors made of rows", { spec: { letterRows: 4 }, size: 3, length: 4, vectors: [[2], [1, 8, 9, 8], [6, 10]] }],
  ["vectors made of rows, dropout, padding, two directions", {
    spec: { letterRows: 3, bidirectional: true, pooling: "max", embedding: 17 },
    size: 4,
    length: 3,
    lengths: [3, 1, 2, 3],
    rate: 0.4,
    draw: 3,
    vectors: [[0], [1, 7, 8], [1, 9, 7, 8], [1], [5, 9]],
  }],
];

const DROPOUT_SEED = 11;

/** Makes the example of a case, with tokens in the padding of its rows. */
function exampleOf({ spec, size, length, lengths, rate, vectors }: Case, seed = 1): Example {
  const plain = example({ ...SMALL, ...spec }, size, length, seed);
  const made = vectors ? { ...plain, batch: { ...plain.batch, vectors: vectorsOf(vectors) } } : plain;
  if (vectors) made.batch.tokens.forEach((token, at, tokens) => tokens[at] = token % vectors.length);
  if (lengths) made.batch.lengths.set(lengths);
  return rate === undefined ? made : { ...made, dropout: { rate, seed: DROPOUT_SEED } };
}

function assertGradients(engine: Engine, { spec, layout, weights, batch }: Example, { rate, draw = 0 }: Case): void {
  const dropout = rate === undefined ? undefined : { rate, seed: DROPOUT_SEED, draw };
  const gradients = new Float32Array(layout.size).fill(7);
  const { lossSum } = engine.gradients(weights, batch, gradients, draw);
  assertAlmostEquals(lossSum, plainLossSum(spec, layout, weights, batch, dropout), 1e-5 * batch.size);
  assertClose(gradients, finiteDifferences(spec, layout, weights, batch, dropout), 1e-5);
}

function assertForward(engine: Engine, { spec, layout, weights, batch }: Example): void {
  assertClose(engine.predict(weights, batch), plainProbabilities(spec, layout, weights, batch), 1e-5);
  const expected = plainLossSum(spec, layout, weights, batch);
  assertAlmostEquals(engine.evaluate(weights, batch).lossSum, expected, 1e-5 * batch.size);
}

/** Runs the tests over the engine that `make` creates. */
export function engineOptionsContract(name: string, make: MakeEngine): void {
  for (const [what, given] of cases) {
    Deno.test(`${name}: gradients() and predict() equal the plain model's to 1e-5 for ${what}`, async () => {
      const tried = exampleOf(given);
      await withEngine(make, tried, (engine) => {
        assertGradients(engine, tried, given);
        assertForward(engine, tried);
      });
    });
  }

  Deno.test(`${name}: any mix of options equals finite differences and the plain model to 1e-5`, async () => {
    const upTo = (max: number) => fc.integer({ min: 1, max });
    const spec = fc.record({
      vocabulary: upTo(5),
      embedding: upTo(4),
      hidden: upTo(4),
      classes: fc.integer({ min: 2, max: 3 }),
      layers: fc.constantFrom(1, 2, 3),
      bidirectional: fc.constantFrom(false, true),
      pooling: fc.constantFrom<("last" | "mean" | "max")[]>("last", "mean", "max"),
    });
    const mixes = fc.record({
      spec,
      size: upTo(3),
      length: upTo(4),
      padding: fc.array(fc.nat({ max: 3 }), { minLength: 3, maxLength: 3 }),
      rate: fc.constantFrom(0, 0.1, 0.5, 0.9),
      draw: fc.nat({ max: 2 ** 28 - 1 }),
      seed: fc.nat(),
    });
    const property = fc.asyncProperty(mixes, async ({ padding, seed, ...mix }) => {
      const lengths = padding.slice(0, mix.size).map((missing) => Math.max(1, mix.length - missing));
      const given = { ...mix, lengths };
      const tried = exampleOf(given, seed);
      await withEngine(make, tried, (engine) => {
        assertGradients(engine, tried, given);
        assertForward(engine, tried);
      });
    });
    // One seed: a difference across a tie of the maximum is no derivative.
    await fc.assert(property, { numRuns: 15, seed: 5 });
  });

  paddingTests(name, make);
  engineWeightsContract(name, make);
  dropoutTests(name, make);
}

function paddingTests(name: string, make: MakeEngine): void {
  Deno.test(`${name}: padding changes no bit, not even an invalid token in it`, async () => {
    const tried = exampleOf({ spec: DEEP, size: 4, length: 5, lengths: [5, 1, 3, 4] });
    const { weights, batch, layout } = tried;
    await withEngine(make, tried, (engine) => {
      const results = [0, 6, 99, -1].map((padding) => {
        for (let row = 0; row < batch.size; row++) {
          batch.tokens.fill(padding, row * batch.length + batch.lengths[row]!, (row + 1) * batch.length);
        }
        const gradients = new Float32Array(layout.size);
        const metrics = engine.gradients(weights, batch, gradients, 0);
        const rows = engine.rows().slice();
        return { metrics, gradients, rows, probabilities: engine.predict(weights, batch) };
      });
      for (const result of results) assertEquals(result, results[0]);
    });
  });

  Deno.test(`${name}: a padded row has the probabilities of the row without padding to 1e-6`, async () => {
    const tried = exampleOf({ spec: DEEP, size: 4, length: 6, lengths: [6, 1, 3, 5] });
    const { weights, batch, spec } = tried;
    await withEngine(make, tried, (engine) => {
      const all = engine.predict(weights, batch);
      for (let row = 0; row < batch.size; row++) {
        const length = batch.lengths[row]!;
        const alone = createBatch(1, length);
        alone.tokens.set(batch.tokens.subarray(row * batch.length, row * batch.length + length));
        alone.lengths[0] = length;
        const ofRow = all.subarray(row * spec.classes, (row + 1) * spec.classes);
        assertClose(engine.predict(weights, alone), ofRow, 1e-6);
      }
    });
  });

  Deno.test(`${name}: a row without tokens, or with more than the batch has, is refused`, async () => {
    const tried = exampleOf({ spec: {}, size: 3, length: 4 });
    const { weights, batch, layout } = tried;
    await withEngine(make, tried, (engine) => {
      for (const wrong of [0, 5, -1]) {
        batch.lengths[1] = wrong;
        const message = `batch.lengths[1] is ${wrong}: expected 1 to 4`;
        assertThrows(() => engine.predict(weights, batch), RangeError, message);
        assertThrows(() => engine.evaluate(weights, batch), RangeError, message);
        const out = new Float32Array(layout.size);
        assertThrows(() => engine.gradients(weights, batch, out, 0), RangeError, message);
      }
    });
  });
}

function dropoutTests(name: string, make: MakeEngine): void {
  Deno.test(`${name}: dropout is a function of draw and seed, and happens only in training`, async () => {
    const tried = exampleOf({ spec: { embedding: 16 }, size: 3, length: 4, rate: 0.5 });
    const { weights, batch, layout } = tried;
    const gradientsOf = (engine: Engine, draw: number) => {
      const out = new Float32Array(layout.size);
      engine.gradients(weights, batch, out, draw);
      return out;
    };
    const [first, ofOther] = await withEngine(make, tried, (engine) => {
      const first = gradientsOf(engine, 4);
      assertNotEquals(gradientsOf(engine, 5), first);
      assertEquals(gradientsOf(engine, 4), first);
      return [first, engine.predict(weights, batch)];
    });
    await withEngine(make, { ...tried, dropout: { rate: 0.5, seed: DROPOUT_SEED + 1 } }, (engine) => {
      assertNotEquals(gradientsOf(engine, 4), first);
      assertEquals(engine.predict(weights, batch), ofOther);
    });
    await withEngine(make, { ...tried, dropout: { rate: 0, seed: DROPOUT_SEED } }, (engine) => {
      assertEquals(engine.predict(weights, batch), ofOther);
    });
  });

  // One row of one token: a dropped value has a gradient of exactly 0.
  for (const rate of [0.1, 0.5, 0.9]) {
    Deno.test(`${name}: dropout of ${rate} drops exactly the values that the generator names`, async () => {
      const tried = exampleOf({
        spec: { layers: 3, vocabulary: 40, embedding: 19, hidden: 13 },
        size: 1,
        length: 1,
        rate,
      });
      const { weights, batch, layout, spec } = tried;
      await withEngine(make, tried, (engine) => {
        for (const draw of [0, 1, 2 ** 20 + 7]) {
          const out = new Float32Array(layout.size);
          engine.gradients(weights, batch, out, draw);
          const keeps = (area: number, element: number) =>
            plainFactor({ rate, seed: DROPOUT_SEED, draw }, area, element) > 0;
          const nonZeroRow = (tensor: string, row: number, columns: number) =>
            tensorView(out, tensorNamed(layout, tensor)).subarray(row * columns, (row + 1) * columns).some((x) =>
              x !== 0
            );
          const pooled = Array.from({ length: spec.hidden }, (_, i) => keeps(8, i));
          for (const [i, kept] of pooled.entries()) assertEquals(nonZeroRow("dense/kernel", i, spec.classes), kept);
          if (!pooled.includes(true)) continue; // Nothing learns.
          // Is true if any input of the layer, and of all layers above it, is kept.
          const passes = (layer: number): boolean =>
            layer > spec.layers ||
            (Array.from({ length: spec.hidden }, (_, i) => keeps(layer - 1, i)).includes(true) && passes(layer + 1));
          for (let layer = 2; layer <= spec.layers; layer++) {
            for (let i = 0; i < spec.hidden; i++) {
              const reaches = keeps(layer - 1, i) && passes(layer + 1);
              assertEquals(nonZeroRow(`lstm_${layer}/kernel`, i, 4 * spec.hidden), reaches, `layer ${layer}, ${i}`);
            }
          }
        }
      });
    });
  }

  Deno.test(`${name}: all occurrences of a token lose the same components`, async () => {
    const tried = exampleOf({ spec: { vocabulary: 3, embedding: 24 }, size: 5, length: 4, rate: 0.5 });
    const { weights, batch, layout } = tried;
    await withEngine(make, tried, (engine) => {
      const out = new Float32Array(layout.size);
      engine.gradients(weights, batch, out, 6);
      for (const token of engine.rows()) {
        for (let i = 0; i < 24; i++) {
          const kept = plainFactor({ rate: 0.5, seed: DROPOUT_SEED, draw: 6 }, 0, token * 24 + i) > 0;
          assertEquals(out[token * 24 + i] !== 0, kept, `token ${token}, component ${i}`);
        }
      }
    });
  });

  Deno.test(`${name}: dropout accepts draws up to 2^48`, async () => {
    const rate = 0.5;
    const tried = exampleOf({ spec: { hidden: 30 }, size: 2, length: 1, rate });
    const { weights, batch, layout, spec } = tried;
    const draw = 2 ** 48 - 3;
    const mask = dropoutMasks({ rate, seed: DROPOUT_SEED }).at(draw, 8);
    await withEngine(make, tried, (engine) => {
      const out = new Float32Array(layout.size);
      engine.gradients(weights, batch, out, draw);
      const kernel = tensorView(out, tensorNamed(layout, "dense/kernel"));
      for (let i = 0; i < spec.hidden; i++) {
        const kept = mask.factor(i) > 0 || mask.factor(spec.hidden + i) > 0;
        assertEquals(kernel[i * spec.classes] !== 0, kept);
      }
      assert(kernel.includes(0));
    });
  });
}
