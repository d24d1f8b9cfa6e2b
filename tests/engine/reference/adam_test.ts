import { assertAlmostEquals, assertEquals } from "@std/assert";
import { adamConstants, clipScale } from "../../../lib/engine/adam.ts";
import { adamUpdate, squaredNorm } from "../../../lib/engine/reference/optimizer.ts";
import { parameterLayout, tensorNamed, tensorView } from "../../../lib/model/layout.ts";
import { assertClose } from "../close.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";

const layout = parameterLayout({ vocabulary: 3, embedding: 2, hidden: 2, classes: 2, lstmBiases: 2, ...ONE_LAYER });
const constants = adamConstants(1e-8);
const bias = tensorNamed(layout, "lstm/bias");
const isBias = (i: number) => i >= bias.offset && i < bias.offset + bias.size;
const waves = (factor: number) => {
  const values = new Float32Array(layout.size);
  for (const tensor of layout.tensors) {
    tensorView(values, tensor).forEach((_, i, view) => view[i] = Math.sin(factor * (tensor.offset + i + 1)));
  }
  return values;
};

Deno.test("adamUpdate() equals Kingma and Ba's algorithm 1 in float64 to 1e-6 over 10 steps", () => {
  const replica = { weights: waves(1), m: new Float32Array(layout.size), v: new Float32Array(layout.size) };
  const expected = Array.from(replica.weights);
  const m = expected.map(() => 0);
  const v = expected.map(() => 0);
  for (let step = 1; step <= 10; step++) {
    const gradients = waves(1 + step / 7);
    const options = { step, learningRate: 0.01, scale: 0.25, begin: 0, end: layout.size };
    adamUpdate(layout, constants, replica, gradients, replica, options);
    for (let i = 0; i < expected.length; i++) {
      const gradient = 0.25 * gradients[i]!;
      m[i] = 0.9 * m[i]! + 0.1 * gradient;
      v[i] = 0.999 * v[i]! + 0.001 * gradient * gradient;
      const [mHat, vHat] = [m[i]! / (1 - Math.pow(0.9, step)), v[i]! / (1 - Math.pow(0.999, step))];
      expected[i]! -= (isBias(i) ? 2 : 1) * 0.01 * mHat / (Math.sqrt(vHat) + 1e-8);
    }
  }
  assertClose(replica.weights, expected, 1e-6);
  assertClose(replica.m, m, 1e-6);
  assertClose(replica.v, v, 1e-6);
});

Deno.test("adamUpdate() moves by the learning rate in step 1, and a sum of two biases by twice that", () => {
  const zeros = () => new Float32Array(layout.size);
  const replica = { weights: zeros(), m: zeros(), v: zeros() };
  const gradients = zeros().fill(3);
  adamUpdate(layout, constants, replica, gradients, replica, {
    step: 1,
    learningRate: 0.01,
    scale: 1,
    begin: 0,
    end: layout.size,
  });
  for (const tensor of layout.tensors) {
    const rate = tensor === bias ? 0.02 : 0.01;
    assertClose(tensorView(replica.weights, tensor), new Array(tensor.size).fill(-rate), 1e-8);
  }
});

Deno.test("adamUpdate() leaves the gaps between tensors unchanged", () => {
  const filled = () => new Float32Array(layout.size).fill(5);
  const replica = { weights: filled(), m: filled(), v: filled() };
  adamUpdate(layout, constants, replica, filled(), replica, {
    step: 1,
    learningRate: 0.01,
    scale: 1,
    begin: 0,
    end: layout.size,
  });
  for (const values of [replica.weights, replica.m, replica.v]) {
    for (const tensor of layout.tensors) tensorView(values, tensor).fill(5);
    assertEquals(values, filled());
  }
});

Deno.test("squaredNorm() counts a sum of two biases twice, and ranges add up to the whole", () => {
  const gradients = waves(2);
  let expected = 0;
  for (const [i, value] of gradients.entries()) expected += (isBias(i) ? 2 : 1) * value * value;
  assertAlmostEquals(squaredNorm(layout, gradients, 0, layout.size), expected, 1e-9);
  const parts = squaredNorm(layout, gradients, 0, 37) + squaredNorm(layout, gradients, 37, layout.size);
  assertAlmostEquals(parts, expected, 1e-9);
});

Deno.test("clipScale() brings a longer gradient to the norm and leaves a shorter one", () => {
  assertAlmostEquals(clipScale(16, 1), 0.25, 1e-6);
  assertEquals(clipScale(0.25, 1), 1);
  assertEquals(clipScale(0, 1), 1);
});

Deno.test("clipScale() is off at 0", () => {
  assertEquals(clipScale(1e12, 0), 1);
});
