import { assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { counted } from "../lib/base/counted.ts";

Deno.test("counted() uses the singular for 1 and the plural for all other numbers", () => {
  const said = [
    counted(0, "row"),
    counted(1, "row"),
    counted(2, "row"),
    counted(1234, "class"),
    counted(1, "class"),
    counted(3, "entry"),
    counted(3, "key"),
    counted(2, "epoch"),
    counted(2, "batch"),
    counted(1, "row has", "rows have"),
    counted(2, "row has", "rows have"),
  ];
  const right = [
    "0 rows",
    "1 row",
    "2 rows",
    "1,234 classes",
    "1 class",
    "3 entries",
    "3 keys",
    "2 epochs",
    "2 batches",
    "1 row has",
    "2 rows have",
  ];
  assertEquals(said, right);
});

const NOUNS = [
  ..."row token word epoch round step label worker shard byte run sequence machine checkpoint second field column line"
    .split(" "),
  ..."character tensor state request connection problem file time feature parameter text value name label".split(" "),
];
/** Matches a number before a fixed plural: `${rows.length} rows`. Rates (`/s`) keep their plural. */
const BY_HAND = new RegExp(
  `\\$\\{((?:[^{}]|\\{[^{}]*\\})*)\\} (?:\\w+ )?(?:${NOUNS.map((noun) => `${noun}s`).join("|")}|classes)\\b(?!/)`,
  "g",
);

/** Finds plurals that `counted` did not make. Constants are more than one. */
function byHand(text: string): string[] {
  return [...text.matchAll(BY_HAND)].filter(([, what]) => !/^[A-Z_]+$|^counted\(/.test(what!)).map(([all]) => all);
}

Deno.test("every count that people read has its noun from counted()", () => {
  assertEquals(byHand("`${rows} rows, ${MOST} rows, ${of({ a: 1 })} bad rows, ${rate} rows/s`"), [
    "${rows} rows",
    "${of({ a: 1 })} bad rows",
  ]);
  const root = new URL("../", import.meta.url);
  // The others are for programmers, or their counts are never 1.
  const parts = ["cli", "config", "data", "predict", "report", "run", "serve", "ngrams"].map((part) => `lib/${part}/`);
  const found = [...parts, "dashboard/"].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.startsWith("tokenizers/huggingface/"))
      .flatMap((name) =>
        byHand(readFileSync(new URL(folder + name, root), "utf8")).map((text) => `${folder}${name}: ${text}`)
      )
  );
  assertEquals(found, []);
});
