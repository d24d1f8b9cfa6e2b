/**
 * Packs the tensors of a small model, and unpacks them when it is read, so that nothing else knows of it.
 *
 * | in place of         | stands                                                                                       |
 * | ------------------- | -------------------------------------------------------------------------------------------- |
 * | a matrix            | its values as I8, and `NAME/scales`: the size of a step, of each row or of all                |
 * | `ngrams/importance` | the same, with one size                                                                       |
 * | `ngrams/keys`       | U8: `ngrams/keys/tokens` and `ngrams/keys/letters`, each ascending                            |
 * | `ngrams/weights`    | those that are not 0, row by row, as I8; `ngrams/weights/scales`: the size of a step of each  |
 * |                     | score; `ngrams/weights/places`: ascending positions in the matrix, as U8                      |
 */
import { decodeAscending, encodeAscending } from "../base/numbers/ascending.ts";
import type { NamedTensor, StoredTensor } from "../base/safetensors_header.ts";

const [IMPORTANCE, KEYS, WEIGHTS, BIAS] = ["ngrams/importance", "ngrams/keys", "ngrams/weights", "ngrams/bias"];
const [SCALES, PLACES, TOKENS, LETTERS] = ["/scales", "/places", "/tokens", "/letters"];
/** A value is a number of steps up to this, or its opposite. */
const MOST_STEPS = 127;
/** Shorter rows share one size of a step, which takes four bytes. */
const LONG_ROW = 16;
/** More weights of n-grams than a run has: a small file must not ask for much memory. */
const MOST_WEIGHTS = 2 ** 24;

/** Packs the tensors of a model, whose keys of n-grams ascend up to `tokenColumns`, and again from there. */
export function packTensors(tensors: readonly NamedTensor[], tokenColumns: number): StoredTensor[] {
  return tensors.flatMap((tensor): readonly StoredTensor[] => {
    const { name, shape, values } = tensor;
    const width = shape[1] ?? 1;
    switch (name) {
      case KEYS: {
        const keys = Float64Array.from({ length: shape[0]! }, (_, i) => 2 ** 16 * values[2 * i]! + values[2 * i + 1]!);
        return [
          ascending(KEYS + TOKENS, keys.subarray(0, tokenColumns)),
          ascending(KEYS + LETTERS, keys.subarray(tokenColumns)),
        ];
      }
      case WEIGHTS: {
        const places = placesIn(values);
        const own = Float32Array.from(places, (place) => values[place]!);
        const steps = inSteps({ name, shape: [own.length], values: own }, width, (at) => places[at]! % width);
        return [...steps, ascending(WEIGHTS + PLACES, places)];
      }
      case IMPORTANCE:
        return inSteps(tensor, 1, () => 0);
    }
    if (shape.length !== 2) return [tensor];
    return width < LONG_ROW ? inSteps(tensor, 1, () => 0) : inSteps(tensor, shape[0]!, (at) => Math.floor(at / width));
  });
}

/** Returns the positions of the values that are not 0. */
function placesIn(values: Float32Array): Float64Array {
  const places = new Float64Array(values.length);
  let count = 0;
  for (let place = 0; place < values.length; place++) if (values[place] !== 0) places[count++] = place;
  return places.subarray(0, count);
}

function ascending(name: string, numbers: Float64Array): StoredTensor {
  const values = encodeAscending(numbers);
  return { name, shape: [values.length], values };
}

/** Rounds each value to steps, of the size that the greatest of its group needs: the error is at most half a step. */
function inSteps(
  { name, shape, values }: NamedTensor,
  groups: number,
  groupOf: (at: number) => number,
): readonly StoredTensor[] {
  const scales = new Float32Array(groups);
  for (let at = 0; at < values.length; at++) {
    const group = groupOf(at);
    scales[group] = Math.max(scales[group]!, Math.abs(values[at]!) / MOST_STEPS);
  }
  const steps = Int8Array.from(values, (value, at) => {
    const scale = scales[groupOf(at)]!;
    return scale > 0 ? Math.max(-MOST_STEPS, Math.min(MOST_STEPS, Math.round(value / scale))) : 0;
  });
  return [{ name, shape, values: steps }, { name: name + SCALES, shape: [groups], values: scales }];
}

/** Returns the tensors that were packed. Throws a RangeError if they are damaged; what the values mean is not checked. */
export function unpackTensors(stored: readonly StoredTensor[]): NamedTensor[] {
  const byName = new Map(stored.map((tensor) => [tensor.name, tensor.values]));
  const take = <Kind extends StoredTensor["values"]>(name: string, kind: new (size: number) => Kind): Kind => {
    const values = byName.get(name);
    if (values instanceof kind) return values;
    throw new RangeError(`tensor "${name}" is ${values ? "of another type than expected" : "missing"}`);
  };
  const scalesOf = (name: string, ...sizes: number[]): Float32Array => {
    const scales = take(name + SCALES, Float32Array);
    if (sizes.includes(scales.length)) return scales;
    throw new RangeError(`tensor "${name + SCALES}" has ${scales.length} values: expected ${sizes.join(" or ")}`);
  };
  const unpacked = stored.flatMap(({ name, shape, values }): NamedTensor[] => {
    if (values instanceof Uint8Array) return [];
    if (values instanceof Float32Array) {
      const isScale = name.endsWith(SCALES) && byName.get(name.slice(0, -SCALES.length)) instanceof Int8Array;
      return isScale ? [] : [{ name, shape, values }];
    }
    if (name === WEIGHTS) {
      const size = [byName.get(IMPORTANCE)?.length ?? 0, byName.get(BIAS)?.length ?? 0] as const;
      const places = take(WEIGHTS + PLACES, Uint8Array);
      return [{ name, shape: size, values: spread(values, scalesOf(name, size[1]), places, size) }];
    }
    const rows = shape[0] ?? 1;
    const scales = scalesOf(name, rows, 1);
    const width = Math.max(1, values.length / scales.length);
    return [{ name, shape, values: Float32Array.from(values, (step, at) => step * scales[Math.floor(at / width)]!) }];
  });
  if (!byName.has(KEYS + TOKENS)) return unpacked;
  const [tokens, letters] = [TOKENS, LETTERS].map((part) => decodeAscending(take(KEYS + part, Uint8Array), 2 ** 32));
  return [...unpacked, halvesOf(tokens!, letters!)];
}

/** Returns the matrix `[rows, width]` of weights, 0 but at `places`. */
function spread(
  steps: Int8Array,
  scales: Float32Array,
  places: Uint8Array,
  [rows, width]: readonly [number, number],
): Float32Array {
  const size = rows * width;
  if (size > MOST_WEIGHTS) throw new RangeError(`n-grams have ${rows} × ${width} weights: expected fewer`);
  const positions = decodeAscending(places, size);
  if (positions.length !== steps.length) {
    throw new RangeError(`n-grams have ${positions.length} places of weights: expected ${steps.length}`);
  }
  const weights = new Float32Array(size);
  for (let i = 0; i < steps.length; i++) weights[positions[i]!] = steps[i]! * scales[positions[i]! % width]!;
  return weights;
}

/** Returns the high and low 16 bits of all keys. */
function halvesOf(...parts: readonly Float64Array[]): NamedTensor {
  const count = parts.reduce((sum, { length }) => sum + length, 0);
  const values = new Float32Array(2 * count);
  let at = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      values[at++] = Math.floor(part[i]! / 2 ** 16);
      values[at++] = part[i]! % 2 ** 16;
    }
  }
  return { name: KEYS, shape: [count, 2], values };
}
