/** Tests files of metrics that clients read over HTTP: they are checked at any size, and damaged ones are named. */
import { assert, assertEquals, assertLessOrEqual, assertRejects, assertStringIncludes } from "@std/assert";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DamagedFile } from "../../../lib/base/errors.ts";
import { evaluatePredictions } from "../../../lib/model/evaluation.ts";
import { dataStatisticsSchema } from "../../../lib/data/statistics.ts";
import { readMetricsFile } from "../../../lib/run/files/metrics_files.ts";
import { jsonBytes } from "../../../lib/run/files/files.ts";
import { evaluationSchema, evaluationsSchema } from "../../../lib/model/evaluation.ts";
import { RunLibrary } from "../../../lib/run/library/library.ts";
import { sha256 } from "../../../lib/base/sha256.ts";
import { ROOT } from "../../cli/process.ts";
import { dataOf, evaluationsOf } from "../../finished_run.ts";
import { fakeApp } from "../../serve/fakes.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const labelsOf = (classes: number) => Array.from({ length: classes }, (_, index) => `class ${index}`);

Deno.test("readMetricsFile() returns a file with its digest, and refuses a changed digit", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "judgement.json");
    const bytes = jsonBytes(evaluationsOf(labelsOf(5)));
    const digest = await sha256(bytes);
    await writeFile(path, bytes);
    assertEquals(await readMetricsFile(path, digest, evaluationsSchema), bytes);
    await writeFile(path, new TextDecoder().decode(bytes).replace('"loss": 0.', '"loss": 1.'));
    await assertRejects(
      () => readMetricsFile(path, digest, evaluationsSchema),
      DamagedFile,
      "does not match the digest of the run",
    );
  }));

Deno.test("readMetricsFile() parses files of older versions, names a fault, and parses no long file", () =>
  inTemporaryDirectory(async (directory) => {
    const path = join(directory, "data.json");
    const written = dataOf(labelsOf(5));
    await writeFile(path, jsonBytes(written));
    assertEquals(
      JSON.parse(new TextDecoder().decode(await readMetricsFile(path, undefined, dataStatisticsSchema))),
      written,
    );
    await writeFile(path, jsonBytes({ ...written, maxLength: "x" }));
    await assertRejects(
      () => readMetricsFile(path, undefined, dataStatisticsSchema),
      DamagedFile,
      'maxLength is "x": expected a number',
    );
    await writeFile(path, jsonBytes(dataOf(labelsOf(5000))));
    await assertRejects(
      () => readMetricsFile(path, undefined, dataStatisticsSchema),
      DamagedFile,
      "bytes and no digest",
    );
  }));

Deno.test("evaluatePredictions() of 10,000 classes is bounded, and agrees with the matrix of few", () => {
  const classes = 10_000;
  const labels = Uint32Array.from({ length: 300 }, (_, row) => row % 150);
  const given = (row: number) => row % 3 === 0 ? (row + 1) % 150 : row % 150;
  const evaluate = (classes: number) => {
    const probabilities = new Float32Array(labels.length * classes);
    labels.forEach((_, row) => probabilities[row * classes + given(row)] = 1);
    return evaluatePredictions(labelsOf(classes), labels, probabilities);
  };
  const { confusion, mixups, ...many } = evaluate(classes);
  assertEquals(confusion, undefined);
  assertEquals(mixups?.slice(0, 2), [{ label: 0, given: 1, rows: 2 }, { label: 3, given: 4, rows: 2 }]);
  assertEquals([many.accuracy, mixups?.length, many.classes.length], [2 / 3, 50, classes]);
  assertLessOrEqual(jsonBytes({ ...many, mixups, mistakes: [] }).length, 200 * classes);
  evaluationSchema.parse({ ...many, mixups, mistakes: [] });
  const few = evaluate(150);
  assertEquals(few.classes, many.classes.slice(0, 150));
  assertEquals([few.accuracy, few.macroF1, few.mixups], [many.accuracy, many.macroF1, mixups]);
});

Deno.test("the service names any damaged file of a run, and answers 409 instead of 500", () =>
  inTemporaryDirectory(async (folder) => {
    const source = join(ROOT, "tests/fixtures/runs/files-finished");
    const { id } = JSON.parse(await readFile(join(source, "run.json"), "utf8"));
    const damages: [what: string, damage: (path: string) => Promise<unknown>][] = [
      ["it is not JSON", (path) => writeFile(path, "{")],
      ["expected", (path) => writeFile(path, "[]")],
      ["it is a directory", async (path) => (await rm(path), await mkdir(path))],
    ];
    const routes = { "run.json": "", "data.json": "/data", "judgement.json": "/judgement" };
    for (const [file, route] of Object.entries(routes)) {
      for (const [what, damage] of damages) {
        const directory = join(folder, id);
        await rm(directory, { recursive: true, force: true });
        await cp(source, directory, { recursive: true });
        const errors: unknown[] = [];
        const onError = (error: unknown) => void errors.push(error);
        const { app } = fakeApp({ services: { runs: RunLibrary.saved(directory, id) }, onError });
        assertEquals((await app.request(`/runs/${id}${route}`)).status, 200);
        await damage(join(directory, file));
        const response = await app.request(`/runs/${id}${route}`);
        const problem = await response.json();
        assertEquals([response.status, problem.errors[0].field, errors], [409, file, []]);
        assertStringIncludes(problem.detail, `${file} of the run cannot be read: `);
        assertStringIncludes(problem.detail, what);
        assert(!problem.detail.includes(folder), problem.detail);
      }
    }
  }));
