import { assertEquals, assertThrows } from "@std/assert";
import { initialWeights } from "../../../lib/model/initial.ts";
import { parameterLayout } from "../../../lib/model/layout.ts";
import { fromPytorch, toPytorch } from "../../../lib/model/formats/pytorch.ts";
import type { NamedTensor } from "../../../lib/base/safetensors_header.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../one_layer.ts";
import trace from "../../fixtures/pytorch_trace_small.json" with { type: "json" };
import { initial, layout as traceLayout, spec as traceSpec } from "../../engine/pytorch_trace.ts";

const small = { vocabulary: 9, embedding: 5, hidden: 7, classes: 3, lstmBiases: 1, ...ONE_LAYER } as const;
const specs: readonly ModelSpec[] = [
  small,
  { ...small, lstmBiases: 2 },
  { ...small, layers: 3, bidirectional: true, pooling: "max" },
  { ...small, letterRows: 6 },
];

for (const spec of specs) {
  const { layers, bidirectional, lstmBiases, letterRows } = spec;
  Deno.test(`fromPytorch() undoes toPytorch(): ${JSON.stringify({ layers, bidirectional, lstmBiases, letterRows })}`, () => {
    const layout = parameterLayout(spec);
    const weights = initialWeights(spec, layout, { seed: 5, forgetBias: 1 });
    const tensors = toPytorch(spec, layout, weights);
    assertEquals(new Set(tensors.map(({ name }) => name)).size, tensors.length);
    for (const { name, shape, values } of tensors) {
      assertEquals([name, values.length], [name, shape.reduce((product, extent) => product * extent, 1)]);
    }
    assertEquals(fromPytorch(spec, layout, tensors), weights);
  });
}

const traced = Object.entries(trace.initial).map(([name, { shape, data }]): NamedTensor => ({
  name,
  shape,
  values: Float32Array.from(data),
}));

Deno.test("fromPytorch() reads weights of PyTorch, and toPytorch() gives its names and shapes", () => {
  // These sums are in float32 and those of the trace in float64, so they differ by rounding.
  fromPytorch(traceSpec, traceLayout, traced).forEach((value, index) => {
    assertEquals(Math.abs(value - initial[index]!) <= 1e-7, true, `element ${index}: ${value}, ${initial[index]}`);
  });
  const shapes = (tensors: readonly NamedTensor[]) =>
    tensors.map(({ name, shape }) => [name.replace(/^fc/, "linear"), shape.join()]);
  assertEquals(shapes(toPytorch(traceSpec, traceLayout, initial)), shapes(traced));
});

Deno.test("fromPytorch() names tensors that are missing, have another shape, or are unknown", () => {
  const refuse = (tensors: readonly NamedTensor[], message: string) =>
    assertThrows(() => fromPytorch(traceSpec, traceLayout, tensors), RangeError, message);
  const without = (name: string) => traced.filter((tensor) => tensor.name !== name);
  const extra: NamedTensor = { name: "head.scale", shape: [2], values: new Float32Array(2) };
  refuse(without("embedding.weight"), "expected an embedding of [12,5], and there is none among lstm.weight_ih_l0");
  refuse(without("lstm.bias_hh_l0"), "expected bias_hh_l0 of [36]");
  refuse([...traced, extra], "the model has no place for head.scale");
  refuse([], "there is none among no tensors");
  const wide = traced.map((tensor) => tensor.name === "fc.weight" ? { ...tensor, shape: [4, 9] } : tensor);
  refuse(wide, `tensor "fc.weight" is [4,9]: expected a linear layer's weight of [3,9]`);
  refuse([...traced, { ...extra, name: "norm.weight" }], "there are several among fc.weight, norm.weight");
});
