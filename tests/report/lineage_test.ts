import { assertEquals } from "@std/assert";
import { lineageOf } from "../../lib/report/lineage.ts";
import type { RunDetail } from "../../lib/run/types.ts";
import { summarySchema } from "../../lib/base/events.ts";

interface Given {
  readonly rows?: number;
  readonly accuracy?: number;
  readonly parent?: NonNullable<NonNullable<RunDetail["summary"]>["parent"]>;
  readonly test?: number;
}

function runOf(id: string, { rows, accuracy = 0.5, parent, test }: Given = {}): Pick<RunDetail, "id" | "summary"> {
  const metrics = (accuracy: number) => ({ rows: 10, loss: 1, accuracy, macroF1: 0.5, calibrationError: 0.1 });
  const summary = summarySchema.parse({
    ...{ run: id, digest: "d", heldOut: null, best: null, reason: "all epochs done", epochs: 1, rounds: 1, steps: 1 },
    ...{ sequences: 1, seconds: 1, sequencesPerSecond: 1, workers: 1, shards: 1, engine: "simd" },
    validation: metrics(accuracy),
    ...test !== undefined && { test: metrics(test) },
    ...rows !== undefined && { rows },
    ...parent && { parent },
  });
  return { id, summary };
}

const first = runOf("1-first", { rows: 100, accuracy: 0.6, test: 0.55 });
const second = runOf("2-second", {
  rows: 40,
  accuracy: 0.75,
  parent: { run: "1-first", new: { rows: 10, before: 0.1, after: 0.7 }, old: { rows: 30, before: 0.6, after: 0.8 } },
});
const third = runOf("3-third", {
  rows: 20,
  accuracy: 0.8,
  parent: { run: "2-second", new: { rows: 5, before: 0.4, after: 0.6 } },
});

Deno.test("lineageOf() follows runs in both directions, with labels and the accuracy before", () => {
  const other = runOf("0-other", { rows: 7 });
  for (const id of ["1-first", "2-second", "3-third"]) {
    assertEquals(lineageOf([third, other, second, first], id), {
      generations: [
        { run: "1-first", added: 100, total: 100, before: undefined, after: 0.6, test: 0.55 },
        // (10 · 0.1 + 30 · 0.6) / 40
        { run: "2-second", added: 40, total: 140, before: 0.475, after: 0.75, test: undefined },
        { run: "3-third", added: 20, total: 160, before: 0.4, after: 0.8, test: undefined },
      ],
      missing: undefined,
    });
  }
});

Deno.test("lineageOf() takes the newest of several runs that continue from one", () => {
  const later = runOf("4-later", { rows: 1, parent: { run: "2-second" } });
  const runs = lineageOf([later, third, second, first], "1-first").generations.map(({ run }) => run);
  assertEquals(runs, ["1-first", "2-second", "4-later"]);
  const chosen = lineageOf([later, third, second, first], "3-third").generations.map(({ run }) => run);
  assertEquals(chosen, ["1-first", "2-second", "3-third"]);
});

Deno.test("lineageOf() names a run that is missing, and knows no totals without it", () => {
  const { generations, missing } = lineageOf([third, second], "3-third");
  assertEquals([missing, generations.map(({ added, total }) => [added, total])], [
    "1-first",
    [[40, undefined], [20, undefined]],
  ]);
});

Deno.test("lineageOf() says nothing about what runs of earlier versions did not write", () => {
  const old = runOf("1-first", { accuracy: 0.6 });
  const { generations } = lineageOf([old, second], "1-first");
  assertEquals(generations.map(({ total }) => total), [undefined, undefined]);
  const unknown = runOf("2-second", { rows: 1, parent: { run: "1-first", old: { rows: 3, after: 1 } } });
  assertEquals(lineageOf([unknown, first], "2-second").generations[1]!.before, undefined);
});

Deno.test("lineageOf() leaves out unfinished runs, and ends where damaged ones name each other", () => {
  assertEquals(lineageOf([{ id: "1-first", summary: null }], "1-first"), { generations: [], missing: undefined });
  const [a, b] = [runOf("a", { parent: { run: "b" } }), runOf("b", { parent: { run: "a" } })];
  assertEquals(lineageOf([a, b], "a").generations.map(({ run }) => run), ["b", "a"]);
});
