import { assertEquals } from "@std/assert";
import { formatTime, parseTime } from "../../../lib/data/encode/times.ts";

const iso = (text: string) => {
  const time = parseTime(text);
  return time && new Date(time.value).toISOString();
};

Deno.test("parseTime() reads ISO dates with and without offsets, and numbers", () => {
  assertEquals(iso("2024-03-01"), "2024-03-01T00:00:00.000Z");
  assertEquals(iso("2024-03"), "2024-03-01T00:00:00.000Z");
  assertEquals(iso("2024-03-01 12:30"), "2024-03-01T12:30:00.000Z");
  assertEquals(iso("2024-03-01T12:30:59.25Z"), "2024-03-01T12:30:59.250Z");
  assertEquals(iso("2024-03-01T00:30:00+01:00"), "2024-02-29T23:30:00.000Z");
  assertEquals(iso("0099-01-01"), "0099-01-01T00:00:00.000Z");
  assertEquals(parseTime("1709251200"), { value: 1709251200, isDate: false });
  assertEquals(parseTime("-0.5"), { value: -0.5, isDate: false });
});

Deno.test("parseTime() refuses days that do not exist, and other texts", () => {
  for (const text of ["2024-02-30", "2023-02-29", "2024-13-01", "01.03.2024", "2024-03-01T25:00", "", "x", "1e999"]) {
    assertEquals(parseTime(text), undefined, text);
  }
});

Deno.test("formatTime() writes dates shortly, and numbers unchanged", () => {
  const written = (text: string) => formatTime(parseTime(text)!);
  assertEquals(written("2024-03-01"), "2024-03-01");
  assertEquals(written("2024-03-01T12:30Z"), "2024-03-01T12:30:00Z");
  assertEquals(written("1709251200"), "1709251200");
});
