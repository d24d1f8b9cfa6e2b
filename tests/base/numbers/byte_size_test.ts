import { assertEquals } from "@std/assert";
import { byteSize } from "../../../lib/base/numbers/byte_size.ts";

Deno.test("byteSize() reads whole and fractional sizes with any unit", () => {
  const sizes = ["100000", "300kB", "300 KB", "1MB", "1.5 mb", "1MiB", "2KiB", "0.5GB", "7b"];
  assertEquals(sizes.map(byteSize), [1e5, 3e5, 3e5, 1e6, 1.5e6, 2 ** 20, 2048, 5e8, 7]);
});

Deno.test("byteSize() refuses everything else", () => {
  const texts = [
    "",
    "0",
    "0MB",
    "-1MB",
    "1e6",
    "MB",
    "1 M",
    "1MBit",
    "1,5MB",
    "0.1",
    "NaN",
    "Infinity",
    "1MB 2",
    "9".repeat(40),
  ];
  assertEquals(texts.map(byteSize), texts.map(() => undefined));
});
