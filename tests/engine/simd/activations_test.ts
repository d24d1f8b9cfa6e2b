import { assert, assertEquals } from "@std/assert";
import { STRUCT_BYTES } from "../../../lib/engine/simd/bindings.gen.ts";
import { bindKernels } from "../../../lib/engine/simd/kernels.ts";
import { SharedVectors } from "./shared_vectors.ts";

const vectors = new SharedVectors(2 ** 27);
const kernels = bindKernels(vectors.memory, vectors.allocate(STRUCT_BYTES));
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Lists every 99,991st float32, of either sign, then those from -20 to 20 in steps of 1e-4. */
function sweep(): Float32Array {
  const values: number[] = [];
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  for (let word = 0; word < 2 ** 32; word += 99_991) {
    bits[0] = word;
    if (Number.isFinite(value[0]!)) values.push(value[0]!);
  }
  for (let x = -20; x < 20; x += 1e-4) values.push(x);
  while (values.length % 4 !== 0) values.push(0);
  return vectors.floats(values);
}

const inputs = sweep();
const outputs = vectors.floats(inputs.length);

/** [max of |f - kernel|, max of |f - kernel| / |f| where |f| is normal] */
function errors(f: (x: number) => number): [absolute: number, relative: number] {
  let absolute = 0, relative = 0;
  for (let i = 0; i < inputs.length; i++) {
    const expected = f(inputs[i]!);
    const error = Math.abs(outputs[i]! - expected);
    assert(!Number.isNaN(error), `${inputs[i]} gave ${outputs[i]}`);
    absolute = Math.max(absolute, error);
    if (Math.abs(expected) > 1.2e-38) relative = Math.max(relative, error / Math.abs(expected));
  }
  return [absolute, relative];
}

function limits(kernel: (from: number, to: number, count: number) => void): number[] {
  const at = vectors.floats([-Infinity, Infinity, NaN, 0]);
  kernel(at.byteOffset, at.byteOffset, 4);
  return [...at];
}

Deno.test("tanhArray() is within 3.6e-7, absolute and relative, and within [-1, 1]", () => {
  kernels.tanhArray(inputs.byteOffset, outputs.byteOffset, inputs.length);
  const [absolute, relative] = errors(Math.tanh);
  assert(absolute < 3.6e-7 && relative < 3.6e-7, `${absolute} ${relative}`);
  assert(outputs.every((value) => Math.abs(value) <= 1));
  const [low, high, nan, zero] = limits(kernels.tanhArray);
  assert(Math.abs(low! + 1) < 3.6e-7 && Math.abs(high! - 1) < 3.6e-7);
  assertEquals([nan, zero], [NaN, 0]);
});

Deno.test("sigmoidArray() is within 2.1e-7 and within [0, 1]", () => {
  kernels.sigmoidArray(inputs.byteOffset, outputs.byteOffset, inputs.length);
  const [absolute] = errors(sigmoid);
  assert(absolute < 2.1e-7, `${absolute}`);
  assert(outputs.every((value) => value >= 0 && value <= 1));
  const [low, high, nan, half] = limits(kernels.sigmoidArray);
  assert(low! < 2.1e-7 && high! > 1 - 2.1e-7);
  assertEquals([nan, half], [NaN, 0.5]);
});

Deno.test("expArray() is within a relative 2e-7, 0 for subnormal results, and Inf on overflow", () => {
  kernels.expArray(inputs.byteOffset, outputs.byteOffset, inputs.length);
  for (let i = 0; i < inputs.length; i++) {
    const expected = Math.exp(inputs[i]!);
    if (inputs[i]! < -87.33654) assertEquals(outputs[i], 0);
    else if (inputs[i]! > 88.72283) assertEquals(outputs[i], Infinity);
    else assert(Math.abs(outputs[i]! / expected - 1) < 2e-7, `exp(${inputs[i]}) gave ${outputs[i]}`);
  }
  assertEquals(limits(kernels.expArray), [0, Infinity, NaN, 1]);
});
