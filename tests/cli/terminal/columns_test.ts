import { assertEquals } from "@std/assert";
import { columns, displayWidth, fitted, padded, wrapped } from "../../../lib/cli/terminal/columns.ts";

Deno.test("displayWidth() counts wide characters twice and marks not at all", () => {
  // The widths are those of Unicode's EastAsianWidth.txt and of the terminals xterm and tmux.
  const widths: [text: string, width: number][] = [
    ["abc", 3],
    ["Zürich", 6],
    ["Zu\u0308rich", 6],
    ["日本", 4],
    ["한국어", 6],
    ["\u1112\u1161\u11ab", 2],
    ["ﾊﾝｶｸ", 4],
    ["ＡＢ", 4],
    ["😀 ok", 5],
    ["→ …·", 4],
    ["עברית", 5],
    ["", 0],
  ];
  for (const [text, width] of widths) assertEquals(displayWidth(text), width, text);
});

Deno.test("fitted() and padded() give texts of the wanted width", () => {
  assertEquals([fitted("日本語", 6), fitted("日本語", 5), fitted("日本語", 4)], ["日本語", "日本…", "日…"]);
  assertEquals([padded("日本", 5), padded("日本", 5, "start"), padded("long", 2)], ["日本 ", " 日本", "long"]);
  for (const text of ["", "a", "日本語 and more 日本語", "e\u0301".repeat(9), "😀😀😀😀😀", "\u0301\u0301"]) {
    for (let most = 1; most < 12; most++) {
      const short = fitted(text, most);
      assertEquals([displayWidth(short) <= most, displayWidth(padded(short, most))], [true, most], `${text} ${most}`);
    }
  }
});

Deno.test("columns() shortens the first column to the terminal, and a long one also elsewhere", () => {
  const rows = [["class", "rows"], ["x".repeat(70), "1"], ["日本\x1b", "20"]];
  assertEquals(columns(rows, 20), ["class           rows", "xxxxxxxxxxxxx…     1", "日本·             20"]);
  assertEquals(columns(rows, 5), ["class     rows", "xxxxxxx…     1", "日本·       20"]);
  assertEquals(columns(rows, undefined).map((line) => line.length), [66, 66, 64]);
});

Deno.test("wrapped() breaks a text between its words, and keeps long words and the first spaces", () => {
  assertEquals(wrapped("one two three", undefined), ["one two three"]);
  assertEquals(wrapped("one two three", 13), ["one two three"]);
  assertEquals(wrapped("one two  three four", 9), ["one two", "  three", "  four"]);
  assertEquals(wrapped("    one two", 9, 4), ["    one", "    two"]);
  assertEquals(wrapped("a abcdefghijkl b", 6), ["a", "  abcdefghijkl", "  b"]);
  assertEquals(wrapped("日本語 日本語", 10), ["日本語", "  日本語"]);
});
