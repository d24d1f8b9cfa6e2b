import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { NamedTensor } from "../../../lib/base/safetensors_header.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../lib/model/formats/safetensors.ts";
import { anyCharacter } from "../../data/any_character.ts";

const tensor: fc.Arbitrary<Omit<NamedTensor, "name">> = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = fc.array(fc.float({ noNaN: true }), { minLength: size, maxLength: size });
  return values.map((list) => ({ shape, values: Float32Array.from(list) }));
});
const name = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 12 })
  .filter((text) => text !== "__metadata__" && text !== "__proto__" && !/^\d+$/.test(text) && text.isWellFormed());
const file = fc.record({
  metadata: fc.dictionary(name, fc.string(), { noNullPrototype: true }),
  tensors: fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 4 })
    .map((list) => list.map(([key, rest]): NamedTensor => ({ name: key, ...rest }))),
}, { noNullPrototype: true });

Deno.test("decodeSafetensors() returns what encodeSafetensors() was given", () => {
  fc.assert(fc.property(file, (given) => {
    const bytes = encodeSafetensors(given);
    assertEquals(decodeSafetensors(bytes), given);
    const inside = new Uint8Array(bytes.length + 5);
    inside.set(bytes, 5);
    assertEquals(decodeSafetensors(inside.subarray(5)), given);
  }));
});

/** Two tensors in the bytes that the format's specification requires, written by hand. */
function golden(): Uint8Array<ArrayBuffer> {
  const header = `{"__metadata__":{"round":"3"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},` +
    `"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}`;
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
  const numbers = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f]; // 1, -2 and 0.5 as float32, little-endian
  return Uint8Array.from([padded.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(padded), ...numbers]);
}
const content = {
  metadata: { round: "3" },
  tensors: [
    { name: "a", shape: [2, 1], values: Float32Array.of(1, -2) },
    { name: "b", shape: [], values: Float32Array.of(0.5) },
  ],
};

Deno.test("encodeSafetensors() writes the format's bytes", () => assertEquals(encodeSafetensors(content), golden()));

Deno.test("decodeSafetensors() reads the format's bytes", () => assertEquals(decodeSafetensors(golden()), content));

Deno.test("encodeSafetensors() aligns the numbers to 8 bytes", () => {
  fc.assert(fc.property(file, (given) => {
    const view = new DataView(encodeSafetensors(given).buffer);
    assertEquals(view.getBigUint64(0, true) % 8n, 0n);
  }));
});

Deno.test("decodeSafetensors() throws a RangeError at every truncation", () => {
  const bytes = golden();
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodeSafetensors(bytes.subarray(0, length)), RangeError);
  }
});

const headerOf = (json: string) => {
  const text = new TextEncoder().encode(json);
  return Uint8Array.from([text.length, 0, 0, 0, 0, 0, 0, 0, ...text, 0, 0, 0, 0]);
};
for (
  const json of [
    "null",
    "[]",
    "{",
    `{"a":1}`,
    `{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`,
    `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`,
    `{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`,
    `{"a":{"dtype":"F32","shape":[-1],"data_offsets":[4,0]}}`,
    `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`,
    `{"a":{"dtype":"F32","shape":[9e15,9e15],"data_offsets":[0,4]}}`,
    `{"__metadata__":{"a":1}}`,
  ]
) {
  Deno.test(`decodeSafetensors() refuses the header ${json}`, () => {
    assertThrows(() => decodeSafetensors(headerOf(json)), RangeError);
  });
}

Deno.test("decodeSafetensors() throws only RangeErrors at garbage", () => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map(headerOf),
    fc.tuple(fc.nat(golden().length - 1), fc.nat(255)).map(([at, byte]) => golden().with(at, byte)),
  );
  fc.assert(
    fc.property(garbage, (bytes) => {
      try {
        decodeSafetensors(bytes);
      } catch (error) {
        assert(error instanceof RangeError, `It threw ${error}`);
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodeSafetensors() shows no content of other files in its errors", () => {
  const bytes = new TextEncoder().encode("root:x:0:0:root:/root:/bin/bash\n");
  const error = assertThrows(() => decodeSafetensors(bytes), RangeError);
  assertEquals(error.message, "not safetensors: the header that it begins with does not fit");
});

Deno.test("decodeSafetensors() refuses tensors that share bytes, in any order", () => {
  const bytes = (offsets: readonly (readonly [number, number])[]) => {
    const entries = offsets.map(([begin, end], index) => [
      `t${index}`,
      { dtype: "F32", shape: [(end - begin) / 4], data_offsets: [begin, end] },
    ]);
    const head = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
    const all = new Uint8Array(8 + head.length + 16);
    new DataView(all.buffer).setBigUint64(0, BigInt(head.length), true);
    all.set(head, 8);
    return all;
  };
  assertEquals(decodeSafetensors(bytes([[8, 16], [0, 8], [8, 8]])).tensors.length, 3);
  for (const offsets of [[[0, 16], [0, 16]], [[8, 16], [0, 12]], [[0, 16], [4, 8]]] as const) {
    assertThrows(() => decodeSafetensors(bytes(offsets)), RangeError, "has bytes of another one");
  }
});
