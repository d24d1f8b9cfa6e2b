import { assertEquals } from "@std/assert";
import { attemptsOf, type RetrainingLine } from "../../../lib/run/learning/retraining_log.ts";

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
