import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { editDistance, meantNames, nearest } from "../../lib/base/nearest.ts";

/** Levenshtein's distance by its definition, exponential in the length. */
function distanceByDefinition(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  if (a[0] === b[0]) return distanceByDefinition(a.slice(1), b.slice(1));
  const ways = [[a.slice(1), b], [a, b.slice(1)], [a.slice(1), b.slice(1)]] as const;
  return 1 + Math.min(...ways.map(([x, y]) => distanceByDefinition(x, y)));
}

Deno.test("editDistance() equals the textbook's distances", () => {
  assertEquals(editDistance("kitten", "sitting"), 3);
  assertEquals(editDistance("", "abc"), 3);
  assertEquals(editDistance("abc", ""), 3);
  assertEquals(editDistance("same", "same"), 0);
});

Deno.test("editDistance() equals the recursive definition", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
  fc.assert(fc.property(word, word, (a, b) => assertEquals(editDistance(a, b), distanceByDefinition(a, b))));
});

Deno.test("nearest() gives the closest candidate and ignores case", () => {
  assertEquals(nearest("BATCHSIZE", ["hidden", "batchSize", "epochs"]), "batchSize");
  assertEquals(nearest("epoch", ["hidden", "epochs"]), "epochs");
  assertEquals(nearest("ab", ["cd", "ax", "ab"]), "ab");
});

Deno.test("meantNames() finds names by words, shortened words and initials before the edit distance", () => {
  const names = [
    "data",
    "test",
    "log",
    "text-column",
    "label-column",
    "learning-rate",
    "letter-rows",
    "batchSize",
    "stepsPerEpoch",
    "epochs",
  ];
  const meant: Readonly<Record<string, readonly string[]>> = {
    "text": ["text-column"],
    "label": ["label-column"],
    "labels": ["label-column"],
    "label_col": ["label-column"],
    "col": ["text-column", "label-column"],
    "lr": ["learning-rate", "letter-rows"],
    "bs": ["batchSize"],
    "batch": ["batchSize"],
    "data-file": ["data"],
    "dta": ["data"],
    "epoch": ["epochs"],
    "batchsize": ["batchSize"],
    "": [],
    "x": [],
    "anything": [],
  };
  for (const [word, expected] of Object.entries(meant)) assertEquals(meantNames(word, names), expected, word);
});

Deno.test("nearest() gives the first when two are as close", () => {
  assertEquals(nearest("aa", ["ab", "ac"]), "ab");
});

Deno.test("nearest() gives nothing when nothing is within a third of the word, or 2", () => {
  assertEquals(nearest("port", ["hidden", "epochs"]), undefined);
  assertEquals(nearest("abc", ["abxyz", "a"]), "a");
  assertEquals(nearest("abc", ["xyz"]), undefined);
  assertEquals(nearest("abcdefghi", ["abcdefxyz"]), "abcdefxyz");
  assertEquals(nearest("abcdefghi", ["abcdewxyz"]), undefined);
  assertEquals(nearest("x", []), undefined);
});

Deno.test("nearest() compares no word that is longer than any name could be", () => {
  const long = "x".repeat(65);
  assertEquals(nearest(long, [long]), undefined);
  assertEquals(nearest(long.slice(1), [long, long.slice(1)]), long.slice(1));
});
