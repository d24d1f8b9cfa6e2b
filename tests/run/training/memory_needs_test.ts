import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { resolveConfig } from "../../../lib/config/resolve.ts";
import { trainingConfig } from "../../../lib/config/schema.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { memoryMap } from "../../../lib/lockstep/memory/map.ts";
import { createPlan } from "../../../lib/lockstep/plan.ts";
import { checkMemory, memoryNeeds, muchMemory } from "../../../lib/run/training/memory_needs.ts";
import { readdir } from "node:fs/promises";
import { run } from "../../cli/process.ts";
import { inTemporaryDirectory } from "../temporary.ts";

const GIB = 2 ** 30;

function needsOf(values: Readonly<Record<string, unknown>>, workers = 1, validation = 0, tokens = 0) {
  const training = trainingConfig(resolveConfig(undefined, [{ values, nameOf: (key) => key }]));
  const rest = { workerTimeoutMs: 1000, maxRestarts: 0, chaos: { kill: 0, exit: 0, hang: 0, spin: 0, slow: 0 } };
  const config = { training, workers, spin: false, ...rest };
  const plan = createPlan(config);
  return { plan, parts: memoryNeeds(config, plan, { tokens, validation, test: 0 }) };
}

function refused(
  values: Readonly<Record<string, unknown>>,
  there?: number,
  workers = 1,
  evaluationRows = 0,
): InputError {
  return assertThrows(() => checkMemory(needsOf(values, workers, evaluationRows).parts, workers, there), InputError);
}

Deno.test("memoryNeeds() counts each part of the shared memory once", () => {
  for (
    const values of [{}, { average: "gradients" }, { moments: "local", shards: 7 }, { engine: "tfjs", length: 99 }]
  ) {
    const { plan, parts } = needsOf(values, 3);
    const shared = parts.filter(({ limited }) => limited === "shared").reduce((sum, { bytes }) => sum + bytes, 0);
    assertEquals(shared, memoryMap(plan.map).byteLength);
    assert(parts.every(({ bytes }) => bytes >= 0), JSON.stringify(parts));
  }
});

Deno.test("checkMemory() names only the options that are the cause", () => {
  interface Case {
    readonly values: Readonly<Record<string, unknown>>;
    readonly workers?: number;
    readonly there?: number;
    readonly wanted: RegExp;
    readonly unwanted: RegExp;
  }
  const cases: Case[] = [
    { values: { batchSize: 65_536, length: 4096 }, workers: 4, wanted: /batchSize, length/, unwanted: /vocab|shards/ },
    { values: { vocabulary: 1_000_000, embedding: 2048 }, wanted: /vocabulary, embedding/, unwanted: /batch|length/ },
    { values: { hidden: 2048, embedding: 2048, shards: 256 }, wanted: /of shards/, unwanted: /batch/ },
    {
      values: { engine: "tfjs", batchSize: 65_536, length: 512 },
      wanted: /memory of tfjs.*batchSize, length/,
      unwanted: /vocabulary/,
    },
    {
      values: { vocabulary: 1_000_000, embedding: 100, shards: 1, average: "gradients" },
      there: 4 * GIB,
      wanted: /copies to save.*vocabulary, embedding/,
      unwanted: /batch/,
    },
    {
      values: { shards: 256 },
      workers: 256,
      there: 2 * GIB,
      wanted: /for threads.*of workers/,
      unwanted: /vocabulary/,
    },
  ];
  for (const { values, workers, there, wanted, unwanted } of cases) {
    const [problem] = refused(values, there, workers).problems;
    assert(problem && wanted.test(problem.message) && !unwanted.test(problem.message), problem?.message);
    assertStringIncludes(problem.message, problem.field);
  }
  checkMemory(needsOf({}).parts, 1, 2 * GIB);
  checkMemory(needsOf({ batchSize: 65_536, length: 16 }).parts, 1, undefined);
});

Deno.test("muchMemory() names the largest parts of a run that needs much, and says nothing of others", () => {
  assertEquals(muchMemory(needsOf({}).parts, 1), []);
  const [message, ...more] = muchMemory(needsOf({}, 1, 1e8).parts, 1);
  assertEquals([message, more], ["The run needs about 6.07 GiB of memory: 5.96 GiB for evaluation", []]);
});

Deno.test("muchMemory() counts what rows and n-grams usually need, which checkMemory() does not", () => {
  const { parts } = needsOf({}, 1, 1e8, 1e8);
  assertEquals(muchMemory(parts, 1).length, 1);
  // 192 MiB, and 48 bytes for each of 100 million tokens.
  assertStringIncludes(muchMemory(parts, 1)[0]!, "10.7 GiB of memory: 5.96 GiB for evaluation, 4.66 GiB for rows");
  checkMemory(parts, 1, 7 * GIB);
  assertEquals(muchMemory(needsOf({}, 1, 0, 1e8).parts, 1), []);
});

Deno.test("checkMemory() counts the evaluation of a run on files", () => {
  assertStringIncludes(refused({}, 8 * GIB, 1, 5e8).message, "evaluation");
  const bytes = (ngrams: string) => {
    const part = needsOf({ ngrams }, 1, 1000).parts.find(({ what }) => what === "evaluation");
    return part?.bytes;
  };
  // Two classes: float32 by the LSTM, three by the n-grams, and two float64 while the combination is fitted.
  assertEquals(["none", "beside", "combine"].map(bytes), [2 * 4000, 2 * 16_000, 2 * 32_000]);
});

Deno.test("train refuses a run that needs too much memory, and leaves no file", () =>
  inTemporaryDirectory(async (folder) => {
    const cases = [
      [["--held-out", "1000000", "--length", "4096"], /^error: --held-out .*--length/],
      [["--batch-size", "65536", "--length", "4096"], /^error: .*batchSize, length/],
      [["--engine", "tfjs", "--batch-size", "65536", "--length", "512"], /^error: .*batchSize, length/],
    ] as const;
    const common = ["--workers", "2", "--exit", "--port", "0"];
    for (const [flags, message] of cases) {
      const { code, stderr } = await run("train", folder, [...flags, ...common, "--runs-dir", folder]);
      assertEquals(code, 2, stderr);
      assert(message.test(stderr), stderr);
      assertEquals(await readdir(folder), []);
    }
  }));
