/**
 * Runs a worker: rounds of local steps, averaging and commit, in lockstep with all other workers. The loop is synchronous
 * from the first round to the last and meets the others only in shared memory.
 */
import type { Batch } from "../data/batches/batch.ts";
import { lossWeight } from "../data/batches/class_weights.ts";
import { mostProbable, USUAL_THRESHOLD } from "../data/metrics.ts";
import type { Engine } from "../engine/contract.ts";
import { createBarrier, waitWhilePaused } from "./barrier.ts";
import { createChaos } from "./chaos.ts";
import { commitRound, finishEpoch } from "./commit/commit.ts";
import { currentAndNext, Word } from "./memory/control.ts";
import { ChunkField, ClassField, Counter, ShardField, sizeOf } from "./memory/fields.ts";
import { CHUNK_SIZE } from "./memory/map.ts";
import { createRowFinder } from "./memory/sparse_rows.ts";
import { currentHistory, endsEpoch, learningRateAfter } from "./memory/training_history.ts";
import type { SharedRun } from "./memory/views.ts";
import type { Plan } from "./plan.ts";
import { averageGradients } from "./round/average_gradients.ts";
import { averageWeights } from "./round/average_weights.ts";
import type { WorkerContext, WorkerIdentity } from "./round/context.ts";
import { remoteRound } from "./round/remote_round.ts";
import { roundAt } from "./round_schedule.ts";
import { claimOrder, type Claims } from "./work_stealing.ts";

/** Trains until all workers end. Throws Aborted if the run is aborted. */
export function runWorkerLoop(
  identity: WorkerIdentity,
  plan: Plan,
  run: SharedRun,
  engine: Engine,
  claims: Claims,
): void {
  const { worker, config } = identity;
  const context = createContext(identity, plan, run, engine, claims);
  const { control } = run;
  const takeRound = config.remote
    ? remoteRound(context)
    : config.training.average === "gradients"
    ? averageGradients(context)
    : averageWeights(context);
  context.barrier();
  let evaluated = 0;
  for (;;) {
    // All of this changes only at barriers: all workers read the same.
    const committed = Atomics.load(control, Word.round);
    const isEnd = Atomics.load(control, Word.outcome) !== 0;
    const history = currentHistory(run, committed);
    // Training evaluates the state that it resumes from again, and so repeats the decisions at the end of its epoch.
    if (evaluated !== committed && (isEnd || endsEpoch(config.training, committed, history))) {
      evaluated = committed;
      evaluate(context, committed);
      continue;
    }
    if (isEnd) return;
    waitWhilePaused(control, run.hearts[worker]!);
    const round = roundAt(config.training, committed - history.undone);
    context.chaos(committed, 0);
    if (takeRound(round, committed) === "left") continue;
    context.chaos(committed, 2);
    context.timed("wait", () => context.barrier(() => commitRound(config, plan, run, round)));
  }
}

/** Evaluates the current state on the validation set. The sums do not depend on which worker takes which chunk. */
function evaluate({ worker, config, plan, run, engine, timed, barrier }: WorkerContext, committed: number): void {
  const [{ weights }] = currentAndNext(run.states, committed);
  const batch = run.batch(worker, CHUNK_SIZE);
  timed("compute", () => {
    engine.hold(weights);
    const next = () => Atomics.add(run.control, Word.chunksTaken, 1);
    for (let chunk = next(); chunk < run.chunks.length; chunk = next()) {
      const first = chunk * CHUNK_SIZE;
      plan.dataset.heldOutBatch(batch, first, Math.min(CHUNK_SIZE, plan.dataset.heldOut - first));
      const { lossSum, correct } = engine.evaluate(weights, batch);
      if (run.classes) countClasses(run.classes, engine.predict(weights, batch), batch);
      const fields = run.chunks[chunk]!;
      fields[ChunkField.lossSum] = lossSum;
      fields[ChunkField.correct] = correct;
      Atomics.add(run.hearts[worker]!, 0, 1);
    }
    engine.hold();
  });
  timed("wait", () =>
    barrier(() => {
      Atomics.store(run.control, Word.chunksTaken, 0);
      finishEpoch(config, plan, run);
    }));
}

/** Counts the rows of a batch by their classes, and by those that they are given. */
function countClasses(counts: Int32Array, probabilities: Float32Array, { labels, labelOffsets, size }: Batch): void {
  const classes = probabilities.length / size;
  const count = (label: number, field: number) => Atomics.add(counts, label * sizeOf(ClassField) + field, 1);
  for (let row = 0; row < size; row++) {
    if (labelOffsets) {
      const own = labels.subarray(labelOffsets[row], labelOffsets[row + 1]);
      for (const label of own) count(label, ClassField.support);
      for (let k = 0; k < classes; k++) {
        if (probabilities[row * classes + k]! < USUAL_THRESHOLD) continue;
        count(k, ClassField.given);
        if (own.includes(k)) count(k, ClassField.right);
      }
      continue;
    }
    const label = labels[row]!;
    const given = mostProbable(probabilities, row * classes, classes);
    count(label, ClassField.support);
    count(given, ClassField.given);
    if (given === label) count(label, ClassField.right);
  }
}

function createContext(
  { worker, attempt, config }: WorkerIdentity,
  plan: Plan,
  run: SharedRun,
  engine: Engine,
  claims: Claims,
): WorkerContext {
  const { seed, shards, batchSize } = config.training;
  const heart = run.hearts[worker]!;
  const counters = run.counters[worker]!;
  const batch = run.batch(worker, batchSize);
  /** Counts the milliseconds of help for other workers within the timed work. */
  let helped = 0;
  function help(): boolean {
    const started = performance.now();
    const isHelp = engine.help();
    if (isHelp) helped += performance.now() - started;
    return isHelp;
  }
  return {
    worker,
    config,
    plan,
    run,
    engine,
    shards: claimOrder(Array.from({ length: shards }, (_, shard) => shard), worker, config.workers),
    claims,
    chaos: createChaos(config.chaos, seed, worker, attempt),
    barrier: createBarrier({
      control: run.control,
      heart,
      workers: config.workers,
      // Twice as long: the main thread, which can name the missing worker, gives up first.
      timeoutMs: 2 * config.workerTimeoutMs,
      spin: config.spin,
      help,
    }),
    timed(kind, work) {
      const started = performance.now();
      const result = work();
      counters[Counter[kind]]! += performance.now() - started - helped;
      counters[Counter.compute]! += helped;
      helped = 0;
      return result;
    },
    beginShard(shard) {
      run.shards[shard]!.fill(0);
      // With other machines an earlier attempt at the round may have left stamps.
      if (config.remote) run.stamps[shard]?.fill(0);
    },
    findRows: createRowFinder(engine, worker, config.workers, plan.map.lazyRows, run.moved[worker]!),
    trainingBatch(shard, step) {
      plan.dataset.trainingBatch(batch, step, shard);
      return batch;
    },
    learningRate(step, committed) {
      return learningRateAfter(config.training, step, currentHistory(run, committed).rollbacks);
    },
    count(shard, batch, { lossSum, correct }) {
      const fields = run.shards[shard]!;
      const samples = batch.size;
      fields[ShardField.lossSum]! += lossSum;
      fields[ShardField.correct]! += correct;
      fields[ShardField.samples]! += samples;
      fields[ShardField.weight]! += lossWeight(batch, plan.dataset.classWeights);
      counters[Counter.sequences]! += samples;
      Atomics.add(heart, 0, 1);
    },
  };
}
