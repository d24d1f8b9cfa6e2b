import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { NamedTensor, StoredTensor } from "../../lib/base/safetensors_header.ts";
import { InputError } from "../../lib/base/errors.ts";
import { sha256 } from "../../lib/base/sha256.ts";
import { decodeStored, encodeSafetensors } from "../../lib/model/formats/safetensors.ts";
import { parameterLayout, tensorView } from "../../lib/model/layout.ts";
import { wholeModel } from "../../lib/predict/trained_model.ts";
import { openPruner } from "../../lib/run/export/small/smaller.ts";
import { decodeModel, encodeModel, type WholeModel } from "../../lib/standalone/model_file.ts";
import { packTensors, unpackTensors } from "../../lib/standalone/packed_tensors.ts";
import { models } from "./models.ts";

/** The models whose n-grams can be packed, with keys that ascend. */
const packable = [...models()].flatMap(([name, model]): [string, WholeModel][] => {
  const { version: { ngrams } } = model;
  if (!ngrams) return [[name, wholeModel(model)]];
  if (!("exponent" in ngrams) || ngrams.model.sparse) return [];
  const pruner = openPruner(ngrams.model);
  const own = { ...ngrams, model: pruner.keep(pruner.weights) };
  return [[name, wholeModel({ ...model, version: { ...model.version, ngrams: own } })]];
});
assert(packable.filter(([, { ngrams }]) => ngrams).length >= 4);

/** Asserts that values differ by at most half a step, 1/127 of the greatest of their row or of all. */
function assertNear(found: ArrayLike<number>, expected: Float32Array, width: number, name: string): void {
  assertEquals(found.length, expected.length, name);
  for (let first = 0; first < expected.length; first += width) {
    const row = expected.subarray(first, first + width);
    const most = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    row.forEach((value, i) => {
      const error = Math.abs(found[first + i]! - value);
      assert(error <= most / 254 * (1 + 1e-6), `${name}[${first + i}] is wrong by ${error} of ${most}`);
    });
  }
}

for (const [name, whole] of packable) {
  Deno.test(`a packed model has all but its numbers, whose errors are at most half a step: ${name}`, async () => {
    const bytes = await encodeModel(whole, { packed: true });
    assertEquals(await encodeModel(whole, { packed: true }), bytes);
    const found = await decodeModel(bytes);
    const { weights, ngrams, config: _, ...rest } = found;
    const { weights: own, ngrams: ownNgrams, config: __, ...expected } = whole;
    assertEquals(rest, { ...expected });
    for (const tensor of parameterLayout(whole.spec).tensors) {
      const [isMatrix, width] = [tensor.shape.length === 2, tensor.shape[1] ?? 1];
      const values = tensorView(own, tensor);
      if (!isMatrix) assertEquals(tensorView(weights, tensor), values);
      else assertNear(tensorView(weights, tensor), values, width < 16 ? values.length : width, tensor.name);
    }
    if (!ownNgrams || !("exponent" in ownNgrams) || !ngrams || !("exponent" in ngrams)) return;
    const { weights: found2, importance, ...others } = ngrams.model;
    const { weights: own2, importance: own3, ...others2 } = ownNgrams.model;
    assertEquals({ ...ngrams, model: others }, { ...ownNgrams, model: others2 });
    assertNear(importance, own3, own3.length, "importance");
    assertNear(found2, own2, own2.length, "weights");
  });
}

Deno.test("openPruner() refuses n-grams of many labels", () => {
  const { ngrams } = models().get("words with sparse n-grams and several labels")!.version;
  assert(ngrams && "exponent" in ngrams);
  assertThrows(() => openPruner(ngrams.model), InputError, "512 labels or more");
});

Deno.test("packTensors() rounds each value of a long row to a 127th of the greatest of the row", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((value) => Math.abs(value) < 1e-9 ? 0 : value), {
        minLength: 40,
        maxLength: 40,
      }),
      (list) => {
        const values = Float32Array.from(list);
        const [found] = unpackTensors(packTensors([{ name: "x", shape: [2, 20], values }], 0));
        assertNear(found!.values, values, 20, "x");
      },
    ),
  );
});

const [, good] = packable.find(([name]) => name.includes("letters and n-grams"))!;
const stored = decodeStored(await encodeModel(good, { packed: true }), ["F32", "I8", "U8"]);
const bytesOf = (tensors: readonly StoredTensor[]) => sealed(encodeSafetensors({ ...stored, tensors }));

/** Gives a file the checksum that its content needs. */
async function sealed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const at = new TextDecoder("latin1").decode(bytes).indexOf('"checksum":"') + '"checksum":"'.length;
  bytes.fill("0".charCodeAt(0), at, at + 64);
  bytes.set(new TextEncoder().encode(await sha256(bytes)), at);
  return bytes;
}

const changed = (name: string, change: (tensor: StoredTensor) => Partial<StoredTensor>) =>
  stored.tensors.map((tensor) => tensor.name === name ? { ...tensor, ...change(tensor) } : tensor);
const without = (name: string) => stored.tensors.filter((tensor) => tensor.name !== name);
const floats = (...values: number[]): Pick<NamedTensor, "shape" | "values"> => (
  { shape: [values.length], values: Float32Array.from(values) }
);
const EMBEDDING = "embedding/embeddings";

const refused: [what: string, tensors: readonly StoredTensor[], message: string][] = [
  ["no sizes of steps", without(`${EMBEDDING}/scales`), `tensor "${EMBEDDING}/scales" is missing`],
  [
    "steps of infinite size",
    changed(`${EMBEDDING}/scales`, () => floats(Infinity)),
    `"${EMBEDDING}" has a value that is no`,
  ],
  ["steps that are no number", changed("ngrams/weights/scales", () => floats(NaN)), `"weights" has a value that is no`],
  ["sizes of other rows", changed(`${EMBEDDING}/scales`, () => floats(1, 1, 1)), "has 3 values: expected"],
  [
    "sizes that are bytes",
    changed(`${EMBEDDING}/scales`, () => ({ shape: [1], values: new Uint8Array(1) })),
    "of another type",
  ],
  ["keys without letters", without("ngrams/keys/letters"), `tensor "ngrams/keys/letters" is missing`],
  ["fewer keys", changed("ngrams/keys/letters", () => ({ shape: [5], values: new Uint8Array(5) })), `"keys" is [`],
  [
    "truncated keys",
    changed("ngrams/keys/tokens", () => ({ shape: [5], values: Uint8Array.of(9, 0, 0, 0, 1) })),
    "truncated",
  ],
  ["no places", without("ngrams/weights/places"), `tensor "ngrams/weights/places" is missing`],
  [
    "fewer places",
    changed("ngrams/weights/places", () => ({ shape: [5], values: new Uint8Array(5) })),
    "0 places of weights",
  ],
  [
    "a place beyond",
    changed("ngrams/weights/places", ({ values }) => ({ values: values.map((v, i) => i > 4 ? 255 : v) })),
    "",
  ],
  ["no weights", without("ngrams/weights"), `"weights" is [missing]`],
  [
    "one more tensor of bytes",
    [...stored.tensors, { name: "x", shape: [1], values: Int8Array.of(1) }],
    `"x/scales" is missing`,
  ],
];
for (const [what, tensors, message] of refused) {
  Deno.test(`decodeModel() refuses a packed file with ${what}`, async () => {
    await assertRejects(async () => await decodeModel(await bytesOf(tensors)), RangeError, message);
  });
}

Deno.test("decodeModel() refuses more weights of n-grams than a run has before it makes room for them", async () => {
  const wide = floats(...new Array(2 ** 16).fill(1));
  const tensors = changed("ngrams/importance", () => ({ shape: [257], values: new Int8Array(257) }))
    .map((tensor) => ["ngrams/bias", "ngrams/weights/scales"].includes(tensor.name) ? { ...tensor, ...wide } : tensor);
  await assertRejects(async () => await decodeModel(await bytesOf(tensors)), RangeError, "expected fewer");
});

Deno.test("decodeModel() throws only RangeErrors at changed bytes of a sealed packed file", async () => {
  const bytes = await encodeModel(good, { packed: true });
  const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const places = fc.oneof(
    fc.nat({ max: bytes.length - header - 1 }).map((at) => header + at),
    fc.nat({ max: bytes.length - 1 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(places, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
      async (changes) => {
        const damaged = bytes.slice();
        for (const [at, value] of changes) damaged[at] = value;
        try {
          const { weights } = await decodeModel(await sealed(damaged));
          assert(weights.every(Number.isFinite));
        } catch (error) {
          assert(error instanceof RangeError, `${error}`);
        }
      },
    ),
    { numRuns: 400 },
  );
});
