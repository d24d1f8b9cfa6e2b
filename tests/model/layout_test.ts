import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  ALIGNMENT,
  embeddingEnd,
  embeddingTensor,
  parameterLayout,
  tensorNamed,
  tensorView,
} from "../../lib/model/layout.ts";
import { ONE_LAYER } from "./one_layer.ts";

const spec = { vocabulary: 50, embedding: 32, hidden: 64, classes: 2, lstmBiases: 2, ...ONE_LAYER } as const;

Deno.test("parameterLayout() has Keras's names and shapes, in a fixed order", () => {
  const { tensors, parameters } = parameterLayout(spec);
  assertEquals(tensors.map(({ name, shape, multiplicity }) => [name, shape, multiplicity]), [
    ["embedding/embeddings", [50, 32], 1],
    ["lstm/kernel", [32, 256], 1],
    ["lstm/recurrent_kernel", [64, 256], 1],
    ["lstm/bias", [256], 2],
    ["dense/kernel", [64, 2], 1],
    ["dense/bias", [2], 1],
  ]);
  assertEquals(parameters, 1600 + 8192 + 16384 + 256 + 128 + 2);
});

Deno.test("parameterLayout() names layers and directions as tfjs does, and decays all except biases", () => {
  const { tensors } = parameterLayout({ ...spec, layers: 2, bidirectional: true });
  assertEquals(tensors.map(({ name, shape, multiplicity, decay }) => [name, shape, multiplicity, decay]), [
    ["embedding/embeddings", [50, 32], 1, true],
    ["lstm/forward_lstm/kernel", [32, 256], 1, true],
    ["lstm/forward_lstm/recurrent_kernel", [64, 256], 1, true],
    ["lstm/forward_lstm/bias", [256], 2, false],
    ["lstm/backward_lstm/kernel", [32, 256], 1, true],
    ["lstm/backward_lstm/recurrent_kernel", [64, 256], 1, true],
    ["lstm/backward_lstm/bias", [256], 2, false],
    ["lstm_2/forward_lstm/kernel", [128, 256], 1, true],
    ["lstm_2/forward_lstm/recurrent_kernel", [64, 256], 1, true],
    ["lstm_2/forward_lstm/bias", [256], 2, false],
    ["lstm_2/backward_lstm/kernel", [128, 256], 1, true],
    ["lstm_2/backward_lstm/recurrent_kernel", [64, 256], 1, true],
    ["lstm_2/backward_lstm/bias", [256], 2, false],
    ["dense/kernel", [128, 2], 1, true],
    ["dense/bias", [2], 1, false],
  ]);
  const names = parameterLayout({ ...spec, layers: 3 }).tensors.map(({ name }) => name);
  assertEquals(names.filter((name) => name.endsWith("recurrent_kernel")), [
    "lstm/recurrent_kernel",
    "lstm_2/recurrent_kernel",
    "lstm_3/recurrent_kernel",
  ]);
});

Deno.test("embeddingTensor() and embeddingEnd() bound the embedding and the gap after it", () => {
  const layout = parameterLayout({ ...spec, vocabulary: 3, embedding: 5 });
  assertEquals(embeddingTensor(layout), tensorNamed(layout, "embedding/embeddings"));
  assertEquals([embeddingTensor(layout).offset, embeddingTensor(layout).size, embeddingEnd(layout)], [0, 15, 16]);
});

Deno.test("parameterLayout() aligns tensors without overlap, for any sizes", () => {
  const extent = fc.integer({ min: 1, max: 70 });
  const sizes = fc.record({
    vocabulary: extent,
    embedding: extent,
    hidden: extent,
    classes: extent,
    layers: fc.integer({ min: 1, max: 8 }),
    bidirectional: fc.boolean(),
  });
  fc.assert(fc.property(sizes, fc.constantFrom(1 as const, 2 as const), (chosen, lstmBiases) => {
    const { tensors, size, parameters } = parameterLayout({ ...ONE_LAYER, ...chosen, lstmBiases });
    let end = 0;
    for (const tensor of tensors) {
      assertEquals(tensor.offset % ALIGNMENT, 0);
      assert(tensor.offset >= end && tensor.offset - end < ALIGNMENT);
      assertEquals(tensor.size, tensor.shape.reduce((product, value) => product * value, 1));
      end = tensor.offset + tensor.size;
    }
    assert(size >= end && size % ALIGNMENT === 0);
    assertEquals(parameters, tensors.reduce((sum, tensor) => sum + tensor.size, 0));
  }));
});

Deno.test("tensorView() is a view", () => {
  const layout = parameterLayout(spec);
  const values = new Float32Array(layout.size);
  const bias = tensorNamed(layout, "dense/bias");
  tensorView(values, bias).set([1, 2]);
  assertEquals([...values.subarray(bias.offset, bias.offset + 3)], [1, 2, 0]);
});

Deno.test("tensorNamed() lists the names if a tensor is missing", () => {
  assertThrows(
    () => tensorNamed(parameterLayout(spec), "gru/kernel"),
    RangeError,
    `"gru/kernel": expected one of embed`,
  );
});
