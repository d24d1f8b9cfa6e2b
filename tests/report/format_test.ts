import { assertEquals, assertMatch } from "@std/assert";
import {
  bytes,
  compact,
  count,
  duration,
  latency,
  loss,
  moment,
  percent,
  plain,
  rate,
  scientific,
  shortDigest,
} from "../../lib/report/format.ts";

Deno.test("count() separates thousands, and returns a dash for an unknown number", () => {
  assertEquals(count(1234567.4), "1,234,567");
  assertEquals(count(0), "0");
  assertEquals([undefined, null, NaN, Infinity].map(count), ["–", "–", "–", "–"]);
});

Deno.test("compact() is short enough for an axis", () => {
  assertEquals(compact(12_345), "12.3K");
  assertEquals(compact(2_000_000), "2M");
});

Deno.test("percent() has two decimals by default, and a non-breaking space", () => {
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

Deno.test("scientific() writes powers of ten", () => {
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

Deno.test("latency() chooses the unit", () => {
  assertEquals([0.000312, 0.0124, 1.2, Infinity, undefined].map((seconds) => latency(seconds)), [
    "0.31\u00a0ms",
    "12.4\u00a0ms",
    "1.20\u00a0s",
    ">\u00a010\u00a0s",
    "–",
  ]);
});

Deno.test("bytes() counts in thousands, and never writes four digits", () => {
  const expected = ["0 B", "999 B", "1.0 kB", "12.3 MB", "320 MB", "1.0 GB", "7.0 TB"].map((text) =>
    text.replace(" ", "\u00a0")
  );
  assertEquals([0, 999, 1000, 12.34e6, 320e6, 999.9e6, 7e12].map((value) => bytes(value)), expected);
  assertEquals(bytes(undefined), "–");
});

Deno.test("rate() has a decimal while it is small", () => {
  assertEquals([0, 3.46, 99.9, 1234.5, NaN].map((value) => rate(value)), ["0.0", "3.5", "99.9", "1,235", "–"]);
});

Deno.test("moment() is a day and a time, in the local time zone", () => {
  assertMatch(moment("2026-01-02T03:04:05.000Z"), /^2026-01-0[123] \d\d:\d4$/);
  assertEquals(moment("never"), "–");
});

Deno.test("shortDigest() shortens only long digests", () => {
  assertEquals(shortDigest("3fa9c1d27b60e84455aa"), "3fa9c1d27b60…");
  assertEquals(shortDigest("3fa9"), "3fa9");
  assertEquals(shortDigest(""), "–");
});

Deno.test("plain() writes a value of the config as JSON, a string without quotes", () => {
  assertEquals(["auto", 0.01, true, [1, 2]].map(plain), ["auto", "0.01", "true", "[1,2]"]);
});
