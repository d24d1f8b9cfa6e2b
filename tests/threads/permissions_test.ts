/** Tests every kind of thread that the product starts with a module that tries forbidden operations. */
import { assertEquals, assertRejects } from "@std/assert";
import { keysOfVocabulary } from "../../lib/data/vocabulary/token_keys.ts";
import { startBaseline } from "../../lib/ngrams/thread.ts";
import { Crew } from "../../lib/lockstep/crew.ts";
import { initialState } from "../../lib/lockstep/initial_state.ts";
import { createPlan } from "../../lib/lockstep/plan.ts";
import { ThreadClient } from "../../lib/predict/thread_client.ts";
import { testEachSet } from "../engine/native/libraries.ts";
import { tinyConfig } from "../lockstep/tiny.ts";
import { PATIENCE_MS } from "../patience.ts";

const prying = new URL("./prying_thread.ts", import.meta.url);
const NOTHING = "permitted: ";

Deno.test("a prediction thread may not use files, programs, threads, network or environment", async () => {
  const thread = new ThreadClient({ workerUrl: prying, timeoutMs: PATIENCE_MS, onLost: () => {} });
  try {
    const question = { type: "predict", inputs: [] } as const;
    const error = await assertRejects(() => thread.ask(question), Error);
    assertEquals(error.message, NOTHING);
  } finally {
    thread.close();
  }
});

Deno.test("a training worker may not do any of these either", async () => {
  const training = tinyConfig();
  const config = { training, workers: 2, workerTimeoutMs: PATIENCE_MS, maxRestarts: 0, chaos: {}, spin: false };
  const plan = createPlan(config);
  const crew = new Crew({ config, plan, workerUrl: prying, initial: initialState(plan, training), attempt: 0 });
  try {
    assertEquals(await crew.start(1000), undefined);
    assertEquals(crew.failure, { message: `Worker ${crew.failure?.message[7]} failed: ${NOTHING}`, final: true });
  } finally {
    crew.close();
  }
});

testEachSet("a prediction thread with native kernels may load them, and no other library", async (native) => {
  const thread = new ThreadClient({ workerUrl: prying, native, timeoutMs: PATIENCE_MS, onLost: () => {} });
  try {
    const error = await assertRejects(() => thread.ask({ type: "predict", inputs: [] }), Error);
    assertEquals(error.message, `${NOTHING}kernels`);
  } finally {
    thread.close();
  }
});

testEachSet("a training worker with native kernels may load them, and no other library", async (native) => {
  const training = tinyConfig();
  const config = { training, workers: 1, workerTimeoutMs: PATIENCE_MS, maxRestarts: 0, chaos: {}, spin: false, native };
  const plan = createPlan(config);
  const crew = new Crew({ config, plan, workerUrl: prying, initial: initialState(plan, training), attempt: 0 });
  try {
    assertEquals(await crew.start(1000), undefined);
    assertEquals(crew.failure?.message, `Worker 0 failed: ${NOTHING}kernels`);
  } finally {
    crew.close();
  }
});

testEachSet("a thread has no native kernels if their library was built from other sources", async (library) => {
  const native = { ...library, sources: "other" };
  const thread = new ThreadClient({ workerUrl: prying, native, timeoutMs: PATIENCE_MS, onLost: () => {} });
  try {
    assertEquals(thread.native, undefined);
    const error = await assertRejects(() => thread.ask({ type: "predict", inputs: [] }), Error);
    assertEquals(error.message, NOTHING);
  } finally {
    thread.close();
  }
});

Deno.test("the thread of the n-grams may not do any of these either", async () => {
  const table = { tokens: new Uint16Array(), offsets: new Uint32Array(1), labels: new Uint16Array() };
  const start = {
    training: table,
    validation: table,
    space: { order: 2, hasEnds: false },
    classes: 2,
    vocabulary: keysOfVocabulary(["a"], false),
    seed: 1,
    fitsValidation: true,
    metric: "log-loss" as const,
  };
  const task = startBaseline(prying, start, PATIENCE_MS);
  const error = await assertRejects(() => task.result, Error);
  assertEquals(error.message, NOTHING);
});

Deno.test("the prying thread succeeds with permissions, so that the tests above can fail", async () => {
  const worker = new Worker(prying, { type: "module", deno: { permissions: { read: true, sys: true } } });
  const { promise, resolve } = Promise.withResolvers<string>();
  worker.onmessage = ({ data }) => resolve(data.error);
  worker.postMessage(undefined);
  assertEquals(await promise, "permitted: read, sys");
  worker.terminate();
});
