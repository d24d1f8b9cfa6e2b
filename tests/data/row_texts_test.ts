import { assertEquals } from "@std/assert";
import { KeptTexts, rowsAt, textOf } from "../../lib/data/row_texts.ts";
import { optionalTest, programAbsence } from "../optional.ts";
import { PATIENCE_MS } from "../patience.ts";
import { options, withFiles } from "./reading.ts";

Deno.test("rowsAt() finds rows by their places in any format, and leaves out bad and missing ones", () => {
  const files = {
    "a.csv": 'text,label\n"two\nlines",x\nbad\n\nlast,y\n',
    "b.jsonl": '{"tokens": [1, "b"], "label": "x"}\n{"text": "second", "label": 2}\n',
  };
  return withFiles(files, async (folder) => {
    const [a, b, gone] = ["a.csv", "b.jsonl", "gone.csv"].map((name) => `${folder}/${name}`) as [
      string,
      string,
      string,
    ];
    const places = [`${b}:1`, `${a}:2`, `${a}:4`, `${a}:6`, `${a}:99`, `${gone}:2`, "standard input:2"];
    const found: [string, string][] = [];
    for await (const { place, row } of rowsAt(places, [gone, "-", a, b], options())) found.push([place, textOf(row)]);
    assertEquals(found, [[`${a}:2`, "two\nlines"], [`${a}:6`, "last"], [`${b}:1`, "1 b"]]);
  });
});

Deno.test("KeptTexts keeps texts of standard input only, and no more than 16 MiB of them", () => {
  const kept = new KeptTexts();
  const text = "é".repeat(500);
  kept.add({ file: "a.csv", line: 1, text, label: "x" });
  for (let line = 1; line <= 20_000; line++) kept.add({ file: "-", line, text, label: "x" });
  const last = Math.ceil((1 << 24) / 1000);
  assertEquals([1, last, last + 1].map((line) => kept.at(`standard input:${line}`)), [text, text, undefined]);
  assertEquals(kept.at("a.csv:1"), undefined);
});

optionalTest(programAbsence("mkfifo", ["--version"]), {
  name: "rowsAt() does not wait for a pipe that was read",
  fn: () =>
    withFiles({}, async (folder) => {
      const pipe = `${folder}/rows.csv`;
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      const { promise, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error("It waits for the pipe")), PATIENCE_MS);
      const first = rowsAt([`${pipe}:2`], [pipe], options()).next();
      try {
        assertEquals(await Promise.race([first, promise]), { done: true, value: undefined });
      } finally {
        clearTimeout(timer);
      }
    }),
});
