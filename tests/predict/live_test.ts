import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Word } from "../../lib/lockstep/memory/control.ts";
import { createPlan } from "../../lib/lockstep/plan.ts";
import { initialState } from "../../lib/lockstep/initial_state.ts";
import { sharedRun } from "../../lib/lockstep/memory/views.ts";
import { type State, stateDigest, writeState } from "../../lib/lockstep/memory/state.ts";
import { liveVersion } from "../../lib/predict/trained_model.ts";
import { readModel } from "../../lib/run/files/model_files.ts";
import { createTinyRun } from "../run/tiny_run.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { soon, until } from "../serve/http/reading.ts";
import { config, model, plainProbabilities, tinyPredictor } from "./tiny_predictor.ts";

/** Makes the memory of a run that no thread trains, and a function that commits a round. */
function stillRun() {
  const plan = createPlan({
    training: config,
    workers: 1,
    workerTimeoutMs: 1,
    maxRestarts: 0,
    chaos: {},
    spin: false,
  });
  const run = sharedRun(plan.map);
  const initial = initialState(plan, config);
  writeState(run, initial);
  const commit = (round: number): State => {
    const state = { ...initial, round, step: round, values: initial.values.map((value) => value + round) };
    writeState(run, state);
    return state;
  };
  return { live: { memory: run.memory, map: plan.map }, run, initial, commit };
}

Deno.test("liveVersion() has the newest committed weights, and reads them every 100 ms at most", () => {
  const { live, initial, commit } = stillRun();
  let now = 0;
  const newest = liveVersion(live, { config, spec: model.spec }, () => now);
  const first = newest();
  assertEquals([first.round, first.digest], [0, stateDigest(initial)]);
  assertEquals(first.weights, initial.values.subarray(0, model.layout.size));
  const third = commit(3);
  now = 99;
  assert(newest() === first);
  now = 100;
  assertEquals([newest().round, newest().digest], [3, stateDigest(third)]);
  assertEquals(first.weights, initial.values.subarray(0, model.layout.size), "what was given does not change");
  now = 1000;
  assert(newest() === newest());
});

Deno.test("liveVersion() keeps its version while no whole state can be read", () => {
  const { live, run, commit } = stillRun();
  let now = 0;
  const newest = liveVersion(live, { config, spec: model.spec }, () => now);
  const first = newest();
  commit(1);
  now = 1000;
  // It seems that a round commits between any two reads of the round.
  const load = Atomics.load;
  let rounds = 1;
  try {
    Atomics.load = ((words: Int32Array, index: number) =>
      words.buffer === run.memory.buffer && index === Word.round ? ++rounds : load(words, index)) as typeof load;
    assert(newest() === first);
  } finally {
    Atomics.load = load;
  }
  now = 2000;
  assertEquals(newest().round, 1);
});

Deno.test("all predictions of a run come from the weights whose round and digest they name", () =>
  inTemporaryDirectory(async (runsDir) => {
    const run = await createTinyRun(runsDir, { epochs: 20, hidden: 5, shards: 4, averageEvery: 1 });
    using tiny = tinyPredictor({
      model: { run: run.id, config: run.config, labels: run.model.labels },
      newest: () => run.newest,
    });
    const before = await soon(tiny.predictor.predict([[1, 2, 3, 4]]), "an answer before training");
    assertEquals(before.round, 0);
    const done = run.train();
    const seen = [before];
    let training = true;
    void done.finally(() => training = false);
    while (training) seen.push(await soon(tiny.predictor.predict([[1, 2, 3, 4]]), "an answer while it trains"));
    const summary = await done;
    const rounds = seen.map(({ round }) => round);
    assertEquals(rounds, rounds.toSorted((a, b) => a - b));
    // Each round has one digest, and each digest one answer.
    const byDigest = Map.groupBy(seen, ({ digest }) => digest);
    assertEquals(byDigest.size, new Set(rounds).size);
    for (const same of byDigest.values()) {
      assertEquals(new Set(same.map(({ predictions }) => JSON.stringify(predictions))).size, 1);
    }
    await until(async () => (await tiny.predictor.model()).round === summary.rounds, "the last round");
    const after = await tiny.predictor.predict([[1, 2, 3, 4]]);
    assertEquals([after.round, after.digest], [summary.rounds, summary.digest]);
    const { weights } = (await readModel(run.directory)).version;
    plainProbabilities(weights, [1, 2, 3, 4]).forEach((value, index) =>
      assertAlmostEquals(after.predictions[0]!.probabilities[index]!, value, 1e-5)
    );
  }));
