import { assertEquals } from "@std/assert";
import { compact, count, duration, loss, percent, plain, scientific, shortDigest } from "../../dashboard/format.ts";

Deno.test("count() separates thousands, and is a dash where nothing is known", () => {
  assertEquals(count(1234567.4), "1,234,567");
  assertEquals(count(0), "0");
  assertEquals([undefined, null, NaN, Infinity].map(count), ["–", "–", "–", "–"]);
});

Deno.test("compact() is short enough for an axis", () => {
  assertEquals(compact(12_345), "12.3K");
  assertEquals(compact(2_000_000), "2M");
});

Deno.test("percent() has two decimals unless told, and a space that does not break", () => {
  assertEquals(percent(0.995312), "99.53\u00a0%");
  assertEquals(percent(1), "100.00\u00a0%");
  assertEquals(percent(0.0714, 1), "7.1\u00a0%");
  assertEquals(percent(undefined), "–");
});

Deno.test("loss() has four decimals until it is huge", () => {
  assertEquals(loss(0.69314718), "0.6931");
  assertEquals(loss(12345), "1.23e+4");
  assertEquals(loss(NaN), "–");
});

Deno.test("scientific() writes powers of ten as such", () => {
  assertEquals(scientific(0.0032), "3.2×10⁻³");
  assertEquals(scientific(1.5e12), "1.5×10¹²");
  assertEquals(scientific(0), "0");
});

Deno.test("duration() grows from minutes to days", () => {
  assertEquals([0, 7.9, 723, 3723, 2 * 86_400 + 3 * 3600 + 4 * 60 + 5].map(duration), [
    "0:00",
    "0:07",
    "12:03",
    "1:02:03",
    "2d 03:04:05",
  ]);
  assertEquals(duration(-3), "0:00");
});

Deno.test("shortDigest() shortens what is long only", () => {
  assertEquals(shortDigest("3fa9c1d27b60e84455aa"), "3fa9c1d27b60…");
  assertEquals(shortDigest("3fa9"), "3fa9");
  assertEquals(shortDigest(""), "–");
});

Deno.test("plain() writes a value of the config as one would", () => {
  assertEquals(["auto", 0.01, true, [1, 2]].map(plain), ["auto", "0.01", "true", "[1,2]"]);
});
