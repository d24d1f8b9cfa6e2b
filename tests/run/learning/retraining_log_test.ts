import { assertEquals } from "@std/assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attemptsOf, homeOf, type RetrainingLine } from "../../../lib/run/learning/retraining_log.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { createTinyRun } from "../tiny_run.ts";

const at = "2026-01-02T03:04:05.000Z";
const began = (run: string, last: number): RetrainingLine => ({ type: "began", at, run, from: "home", last });
const ended = (run: string, outcome: "swapped" | "kept" | "failed"): RetrainingLine => ({
  type: "ended",
  at,
  run,
  outcome,
  why: "",
});

Deno.test("attemptsOf() joins begin and end, the newest first, and believes the last end", () => {
  const lines = [
    began("a", 10),
    ended("a", "swapped"),
    began("b", 20),
    // The run could not be opened after its end was noted.
    ended("b", "swapped"),
    ended("b", "failed"),
    began("c", 30),
  ];
  assertEquals(attemptsOf(lines).map(({ run, last, end }) => [run, last, end?.outcome]), [
    ["c", 30, undefined],
    ["b", 20, "failed"],
    ["a", 10, "swapped"],
  ]);
});

Deno.test("homeOf() finds the first run of a chain by its log, also among runs in a circle", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir);
    await run.log.close();
    const manifest = JSON.parse(await readFile(join(run.directory, "run.json"), "utf8"));
    const id = (letter: string) => `20260101-000000-aaa${letter}`;
    const make = async (letter: string, from?: string) => {
      const directory = join(runsDir, id(letter));
      await mkdir(directory);
      const origin = from && { from: { run: id(from), digest: "d" } };
      await writeFile(join(directory, "run.json"), JSON.stringify({ ...manifest, id: id(letter), ...origin }));
      return directory;
    };
    const [a, b, c] = [await make("a"), await make("b", "a"), await make("c", "b")];
    const lines = [began(id("b"), 1), ended(id("b"), "swapped"), began(id("c"), 2), ended(id("c"), "swapped")];
    assertEquals([await homeOf(a), await homeOf(c)], [a, c]);
    await writeFile(join(a, "retraining.jsonl"), lines.slice(0, 3).map((line) => `${JSON.stringify(line)}\n`).join(""));
    assertEquals([await homeOf(a), await homeOf(b), await homeOf(c)], [a, a, c]);
    await writeFile(join(a, "retraining.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    assertEquals([await homeOf(b), await homeOf(c)], [a, a]);
    const [x, y] = [await make("x", "y"), await make("y", "x")];
    assertEquals([await homeOf(x), await homeOf(y)], [x, y]);
  }));
