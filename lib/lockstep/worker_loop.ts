/**
 * The loop that a worker runs: rounds of local steps, averaging and commit, in step with all other workers. It is
 * synchronous from the first round to the last and meets the others only in shared memory.
 */
import { lossWeight } from "../data/class_weights.ts";
import type { Engine } from "../engine/contract.ts";
import { averageGradients } from "./round/average_gradients.ts";
import { averageWeights } from "./round/average_weights.ts";
import { createBarrier, waitWhilePaused } from "./barrier.ts";
import { createChaos } from "./chaos.ts";
import { askingOrder, type Claims } from "./work_stealing.ts";
import { commitRound, finishEpoch } from "./commit/commit.ts";
import { Word } from "./memory/control.ts";
import { endsEpoch, learningRateAfter, readCourse } from "./memory/training_history.ts";
import { CHUNK_SIZE, currentAndNext } from "./memory/map.ts";
import type { Plan } from "./plan.ts";
import { remoteRound } from "./round/remote_round.ts";
import { createRowFinder } from "./memory/sparse_rows.ts";
import { roundAt } from "./schedule.ts";
import type { SharedRun } from "./memory/views.ts";
import type { Place, WorkerContext } from "./round/context.ts";

/** Trains until everyone is told to end. Throws Aborted when the run is given up. */
export function runWorkerLoop(place: Place, plan: Plan, run: SharedRun, engine: Engine, claims: Claims): void {
  const { config } = place;
  const context = createContext(place, plan, run, engine, claims);
  const { control } = run;
  const average = config.remote
    ? remoteRound(context)
    : config.training.average === "gradients"
    ? averageGradients(context)
    : averageWeights(context);
  const course = () => readCourse(run.courses[Atomics.load(control, Word.round) & 1 ? 1 : 0]);
  context.barrier();
  let evaluated = 0;
  for (;;) {
    // All that is read here changes at barriers alone: everyone sees the same.
    const committed = Atomics.load(control, Word.round);
    const isEnd = Atomics.load(control, Word.outcome) !== 0;
    // Also of a state that is taken up: what the end of its epoch decided is decided once more.
    if (evaluated !== committed && (isEnd || endsEpoch(config.training, committed, course()))) {
      evaluated = committed;
      evaluate(context, committed);
      continue;
    }
    if (isEnd) return;
    waitWhilePaused(control, run.hearts[place.worker]!);
    const round = roundAt(config.training, committed - course().undone);
    context.chaos(committed, 0);
    if (average(round, committed) === "left") continue;
    context.chaos(committed, 2);
    context.timed("wait", () => context.barrier(() => commitRound(config, plan, run, round)));
  }
}

/** Evaluates the current state on the held-out data; who takes which chunk does not matter to their sums. */
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
      run.chunks[chunk]!.set([lossSum, correct]);
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

const COUNTER = { compute: 0, wait: 1, average: 2 } as const;
const SEQUENCES = 3;

function createContext(place: Place, plan: Plan, run: SharedRun, engine: Engine, claims: Claims): WorkerContext {
  const { worker, attempt, config } = place;
  const { seed, shards, batchSize } = config.training;
  const heart = run.hearts[worker]!;
  const counters = run.counters[worker]!;
  const batch = run.batch(worker, batchSize);
  /** Milliseconds of helping that are in what is being timed. */
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
    shards: askingOrder(Array.from({ length: shards }, (_, shard) => shard), worker, config.workers),
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
      counters[COUNTER[kind]]! += performance.now() - started - helped;
      counters[COUNTER.compute]! += helped;
      helped = 0;
      return result;
    },
    beginShard(shard) {
      run.shards[shard]!.fill(0);
      // Where other machines take part, the round may have begun before; else its stamps are of its own.
      if (config.remote) run.stamps[shard]?.fill(0);
    },
    findRows: createRowFinder(engine, worker, config.workers, plan.map.rows, run.moved[worker]!),
    trainingBatch(shard, step) {
      plan.dataset.trainingBatch(batch, step, shard);
      return batch;
    },
    learningRate(step, committed) {
      return learningRateAfter(config.training, step, readCourse(run.courses[committed & 1 ? 1 : 0]).rollbacks);
    },
    count(shard, batch, { lossSum, correct }) {
      const figures = run.shards[shard]!;
      const samples = batch.size;
      figures[0]! += lossSum;
      figures[1]! += correct;
      figures[2]! += samples;
      figures[3]! += lossWeight(batch, plan.dataset.classWeights);
      counters[SEQUENCES]! += samples;
      Atomics.add(heart, 0, 1);
    },
  };
}
