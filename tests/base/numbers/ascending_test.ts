import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeAscending, encodeAscending } from "../../../lib/base/numbers/ascending.ts";

const END = 2 ** 40;
const numbers = fc.uniqueArray(fc.oneof(fc.nat({ max: END - 1 }), fc.nat({ max: 100 })), { maxLength: 300 })
  .map((list) => list.sort((a, b) => a - b));

Deno.test("decodeAscending() gives back any ascending numbers that encodeAscending() was given", () => {
  fc.assert(fc.property(numbers, (list) => {
    assertEquals([...decodeAscending(encodeAscending(list), END)], list);
  }));
  assertEquals([...decodeAscending(encodeAscending([]), 0)], []);
});

Deno.test("encodeAscending() takes a bit for each of consecutive numbers, and 22 bits for 4096 keys", () => {
  assertEquals(encodeAscending(Array.from({ length: 8000 }, (_, i) => i)).length, 5 + 1000);
  // Every 2^20th of 2^32 numbers: log2(2^20) + log2(e) bits each if they were at random.
  const keys = Array.from({ length: 4096 }, (_, i) => i * 2 ** 20 + (i * 7919) % 2 ** 20);
  assert(encodeAscending(keys).length < 4096 * 22 / 8, `${encodeAscending(keys).length}`);
});

Deno.test("decodeAscending() refuses truncated bytes, and numbers from the end on", () => {
  const bytes = encodeAscending([3, 70, 71, 9000]);
  assertThrows(() => decodeAscending(bytes, 9000), RangeError, "an ascending number is 9000: expected less than 9000");
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodeAscending(bytes.subarray(0, length), END), RangeError, "truncated");
  }
});

Deno.test("decodeAscending() gives ascending numbers or throws a RangeError at any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 40 }), (bytes, count) => {
    // A small count, so that not all of them are refused for that.
    const given = bytes.length > 3 ? bytes.with(0, count).fill(0, 1, 4) : bytes;
    try {
      const found = [...decodeAscending(given, 1e6)];
      assert(found.every((number, i) => number < 1e6 && number > (found[i - 1] ?? -1)), `${found}`);
    } catch (error) {
      assert(error instanceof RangeError, `${error}`);
    }
  }));
});
