/**
 * Runs a worker: rounds of local steps, averaging and commit, in lockstep with all other workers. The loop is synchronous
 * from the first round to the last and meets the others only in shared memory.
 */
import { lossWeight } from "../data/batches/class_weights.ts";
import type { Engine } from "../engine/contract.ts";
import { createBarrier, waitWhilePaused } from "./barrier.ts";
import { createChaos } from "./chaos.ts";
import { commitRound, finishEpoch } from "./commit/commit.ts";
import { currentAndNext, Word } from "./memory/control.ts";
import { ChunkFigure, Counter, Figure } from "./memory/figures.ts";
import { CHUNK_SIZE } from "./memory/map.ts";
import { createRowFinder } from "./memory/sparse_rows.ts";
import { currentHistory, endsEpoch, learningRateAfter } from "./memory/training_history.ts";
import type { SharedRun } from "./memory/views.ts";
import type { Plan } from "./plan.ts";
import { averageGradients } from "./round/average_gradients.ts";
import { averageWeights } from "./round/average_weights.ts";
import type { WorkerContext, WorkerIdentity } from "./round/context.ts";
import { remoteRound } from "./round/remote_round.ts";
import { roundAt } from "./schedule.ts";
import { claimOrder, type Claims } from "./work_stealing.ts";

/** Trains until everyone is told to end. Throws Aborted when the run is given up. */
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
    // All of this changes only at barriers: everyone reads the same.
    const committed = Atomics.load(control, Word.round);
    const isEnd = Atomics.load(control, Word.outcome) !== 0;
    const history = currentHistory(run, committed);
    // A state that training resumes from is evaluated again too, so that the decisions at the end of its epoch are repeated.
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

/** Evaluates the current state on the validation set. The sums do not depend on who takes which chunk. */
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
      const figures = run.chunks[chunk]!;
      figures[ChunkFigure.lossSum] = lossSum;
      figures[ChunkFigure.correct] = correct;
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
  /** Milliseconds of help for others within the work that is being timed. */
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
      // Twice: the main thread, which can tell who is missing, gives up first.
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
      // With other machines the round may have begun before; otherwise its stamps are its own.
      if (config.remote) run.stamps[shard]?.fill(0);
    },
    findRows: createRowFinder(engine, worker, config.workers, plan.map.rows, run.moved[worker]!),
    trainingBatch(shard, step) {
      plan.dataset.trainingBatch(batch, step, shard);
      return batch;
    },
    learningRate(step, committed) {
      return learningRateAfter(config.training, step, currentHistory(run, committed).rollbacks);
    },
    count(shard, batch, { lossSum, correct }) {
      const figures = run.shards[shard]!;
      const samples = batch.size;
      figures[Figure.lossSum]! += lossSum;
      figures[Figure.correct]! += correct;
      figures[Figure.samples]! += samples;
      figures[Figure.weight]! += lossWeight(batch, plan.dataset.classWeights);
      counters[Counter.sequences]! += samples;
      Atomics.add(heart, 0, 1);
    },
  };
}
