/** Tests the best state, and early stopping. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { TrainingConfig } from "../../../lib/config/schema.ts";
import { createBatch } from "../../../lib/data/batches/batch.ts";
import { evaluatePredictions } from "../../../lib/model/evaluation.ts";
import { taskModel } from "../../../lib/model/task_model.ts";
import { BatchPredictor } from "../../../lib/predict/batch_predictor.ts";
import { joinSequences } from "../../../lib/standalone/readings.ts";
import { StopReason } from "../../../lib/lockstep/memory/control.ts";
import type { EpochRecord } from "../../../lib/lockstep/commit/records.ts";
import { type State, stateDigest } from "../../../lib/lockstep/memory/state.ts";
import { someOf, tinyConfig, train } from "../tiny.ts";
import { keepThreads } from "../kept_threads.ts";

keepThreads(4);

/** Learns for some epochs, after which its validation loss rises and falls. */
const restless = { learningRate: 0.1, epochs: 60, averageEvery: 3 } as const;

/** Returns the epoch at which a run with this patience ends by its documentation, and its best epoch. */
function plainPatience(losses: readonly number[], patience: number): { end: number; best: number } {
  let best = 0;
  for (let epoch = 1; epoch < losses.length; epoch++) {
    if (losses[epoch]! < losses[best]!) best = epoch;
    else if (epoch - best === patience) return { end: epoch + 1, best: best + 1 };
  }
  return { end: losses.length, best: best + 1 };
}

const lossesOf = (epochs: readonly EpochRecord[]) => epochs.map(({ heldOut }) => heldOut.loss);

for (const patience of [1, 2, 4]) {
  Deno.test(`training ends after ${patience} epochs without a lower loss, on any number of workers`, async () => {
    const all = await train(tinyConfig(restless), 2);
    const { end, best } = plainPatience(lossesOf(all.epochs), patience);
    assert(end < 60, "this recipe tests nothing");
    for (const workers of [1, 2, 4]) {
      const { reason, epochs, state, ended } = await train(tinyConfig({ ...restless, patience }), workers);
      assertEquals([reason, epochs.length], [StopReason.patience, end]);
      assertEquals(epochs, all.epochs.slice(0, end));
      assertEquals(state.history.best?.round, best * 2);
      assertEquals([ended.round, stateDigest(ended)], [best * 2, all.epochs[best - 1]!.digest]);
    }
  });
}

Deno.test("restoreBest ends with the best state of all epochs, even if it is the last", async () => {
  for (const epochs of [1, 2, 3, 5, 8]) {
    const config = tinyConfig({ ...restless, epochs, restoreBest: true });
    const run = await train(config, 2);
    assertEquals(run.reason, StopReason.epochs);
    const losses = lossesOf(run.epochs);
    const best = losses.indexOf(Math.min(...losses));
    assertEquals(stateDigest(run.ended), run.epochs[best]!.digest);
  }
});

/** Returns the macro-F1 of a state on the validation set, by its predictions. */
async function plainMacroF1(config: TrainingConfig, weights: Float32Array): Promise<number> {
  const { dataset, spec, layout } = taskModel(config);
  const { heldOut, length } = dataset;
  const batch = createBatch(heldOut, length);
  dataset.heldOutBatch(batch, 0, heldOut);
  const predictor = await BatchPredictor.open({
    config,
    spec,
    preprocessing: undefined,
    maxBatch: 64,
    maxLength: length,
  });
  predictor.setNewest({ round: 1, digest: "", weights: weights.slice(0, layout.size) });
  const rows = Array.from({ length: heldOut }, (_, row) => batch.tokens.slice(row * length, (row + 1) * length));
  const { probabilities } = predictor.predict(joinSequences(rows));
  return evaluatePredictions(dataset.labels, batch.labels, probabilities).macroF1;
}

for (const metric of ["accuracy", "macro-f1"] as const) {
  Deno.test(`the best state and patience go by ${metric}, equal states by their loss`, async () => {
    // With this seed the lowest loss is in epoch 8, and the best metric in epoch 5.
    const recipe = { ...restless, seed: 4, epochs: 40, metric };
    const config = tinyConfig({ ...recipe, restoreBest: true });
    const { epochs, ended, state } = await train(config, 2);
    const valueOf = ({ heldOut: { accuracy, macroF1 } }: EpochRecord) => metric === "accuracy" ? accuracy : macroF1!;
    const order = epochs.toSorted((a, b) => valueOf(b) - valueOf(a) || a.heldOut.loss - b.heldOut.loss);
    assertEquals(stateDigest(ended), order[0]!.digest);
    assert(order[0]!.digest !== epochs.toSorted((a, b) => a.heldOut.loss - b.heldOut.loss)[0]!.digest, "of no use");
    if (metric === "macro-f1") {
      assertAlmostEquals(epochs.at(-1)!.heldOut.macroF1!, await plainMacroF1(config, state.values), 1e-12);
      assertAlmostEquals(order[0]!.heldOut.macroF1!, await plainMacroF1(config, ended.values), 1e-12);
    }
    const patient = await train(tinyConfig({ ...recipe, patience: 3 }), 1);
    const again = await train(tinyConfig({ ...recipe, patience: 3 }), 3, {
      chaos: { kill: 0.1 },
      maxRestarts: 100,
    });
    assertEquals([again.ended, again.state], [patient.ended, patient.state]);
    const best = patient.epochs.toSorted((a, b) => valueOf(b) - valueOf(a) || a.heldOut.loss - b.heldOut.loss)[0]!;
    assertEquals([patient.reason, patient.ended.round], [StopReason.patience, best.round]);
  });
}

Deno.test("a run that keeps no best state ends with the last one", async () => {
  const { state, ended } = await train(tinyConfig(restless), 2);
  assertEquals(ended, state);
  assertEquals([state.best, state.history.best, state.history.sinceBest], [undefined, undefined, 0]);
});

const disturbances: [what: string, change: Partial<TrainingConfig>][] = [
  ["averaged weights", {}],
  ["averaged gradients, lazy rows", { average: "gradients", averageEvery: 1, vocabulary: 60 }],
];
for (const [what, change] of disturbances) {
  Deno.test(`early stopping gives the same after resumes and killed workers: ${what}`, async () => {
    const config = tinyConfig({ ...restless, patience: 4, ...change });
    const states = new Map<number, State>();
    const watch = (coordinator: { state(): State }) => {
      const state = coordinator.state();
      states.set(state.round, state);
    };
    const undisturbed = await train(config, 2, { watch, chaos: { slow: 1 } });
    assertEquals(undisturbed.reason, StopReason.patience);
    const disturbed = await train(config, 2, { chaos: { kill: 0.1, slow: 0.3 }, maxRestarts: 100, watch });
    assertEquals([disturbed.state, disturbed.ended], [undisturbed.state, undisturbed.ended]);
    assert(states.size > 2, `only ${states.size} states were seen`);
    for (const initial of someOf([...states.values()])) {
      const { state, ended, reason } = await train(config, 3, { initial });
      assertEquals(reason, StopReason.patience);
      assertEquals([state, ended], [undisturbed.state, undisturbed.ended]);
    }
  });
}
