/** Copies the state out of shared memory while training continues, and into it before training starts. Computes its digest. */
import { createHash, type Hash } from "node:crypto";
import { inTurns } from "../../base/turns.ts";
import { type ScheduleOptions, stepsAfter } from "../round_schedule.ts";
import { currentAndNext, Word } from "./control.ts";
import type { Place, TrainingHistory } from "./history_schema.ts";
import { currentHistory, readHistory, setHistory, writeHistory } from "./training_history.ts";
import type { SharedRun } from "./views.ts";

/** Holds the result of one round. */
export interface Committed extends Place {
  /** Weights, then each moment set's m and v: `(1 + 2 · sets) · layout.size` elements, owned by the reader. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** Holds everything that the next round starts from, after `round` committed rounds. */
export interface State extends Committed {
  /** The state that `history.best` names, or the initial one; only if a best state is kept. */
  readonly best?: Committed | undefined;
}

/** Counts the attempts without a pause. A copy takes as long as a slice of the averaging: the second nearly always succeeds. */
const SPINNING_ATTEMPTS = 100;
/** Counts all attempts, one a millisecond after those: where cores are scarce, a worker may be interrupted while it writes. */
const READ_ATTEMPTS = 3000;

/**
 * Returns the first whole result of `attempt`, which returns undefined if a round committed meanwhile.
 * Throws an Error after too many attempts.
 */
function readWhole<Result>({ control }: SharedRun, attempt: () => Result | undefined): Result {
  for (let attempts = 1; attempts <= READ_ATTEMPTS; attempts++) {
    const result = attempt();
    if (result !== undefined) return result;
    if (attempts > SPINNING_ATTEMPTS) Atomics.wait(control, Word.round, Atomics.load(control, Word.round), 1);
  }
  throw new Error(`Cannot read a whole state in ${READ_ATTEMPTS} attempts: rounds are shorter than a copy takes`);
}

/** Counts the attempts to copy a large state in turns. Rounds of such a model take longer than its copy. */
const ATTEMPTS_IN_TURNS = 3;
/** A state of this many elements is copied at once, in a few milliseconds. */
const QUICK_ELEMENTS = 2 ** 20;

/**
 * Copies the newest committed state while the workers continue. The next round writes the other copy, and only the round
 * after it writes this one again: a copy is whole if no round committed meanwhile, and otherwise is repeated. The copied
 * best state is whole if its round is the one that the history names, before and after.
 */
export function readState(run: SharedRun, schedule: ScheduleOptions): State {
  const room = roomFor(run);
  return readWhole(run, () => resultOf(reading(run, schedule, room)));
}

/** Does the same and yields to other tasks while it copies a large state, unless rounds are shorter than that takes. */
export async function readStateInTurns(run: SharedRun, schedule: ScheduleOptions): Promise<State> {
  const room = roomFor(run);
  if (room.values.length > QUICK_ELEMENTS) {
    for (let attempt = 0; attempt < ATTEMPTS_IN_TURNS; attempt++) {
      const state = await inTurns(reading(run, schedule, room));
      if (state) return state;
    }
  }
  return readWhole(run, () => resultOf(reading(run, schedule, room)));
}

interface Room {
  readonly values: Float32Array<ArrayBuffer>;
  readonly best: Float32Array<ArrayBuffer> | undefined;
}

function roomFor({ states, best }: SharedRun): Room {
  return { values: new Float32Array(states[0].values.length), best: best && new Float32Array(best.length) };
}

/** Copies the state into `room`, in pieces. Returns undefined as soon as a round has committed meanwhile. */
function* reading(run: SharedRun, schedule: ScheduleOptions, room: Room): Generator<void, State | undefined, void> {
  const { control, states } = run;
  const round = Atomics.load(control, Word.round);
  const bestRound = Atomics.load(control, Word.bestRound);
  for (const _ of copying(room.values, currentAndNext(states, round)[0].values)) {
    yield;
    if (Atomics.load(control, Word.round) !== round) return undefined;
  }
  const history = currentHistory(run, round);
  if (run.best && room.best) yield* copying(room.best, run.best);
  const bestHistory = readHistory(run.bestHistory);
  // Read-modify-writes, not loads: the plain reads above may not be delayed past them.
  const isBest = Atomics.add(control, Word.bestRound, 0) === bestRound && (history.best?.round ?? 0) === bestRound;
  if (Atomics.add(control, Word.round, 0) !== round || !isBest) return undefined;
  const state = committed(schedule, round, room.values, history);
  return room.best ? { ...state, best: committed(schedule, bestRound, room.best, bestHistory) } : state;
}

/** Runs `work` to its end at once. */
function resultOf<Result>(work: Generator<void, Result, void>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Copies only the newest committed values into `values`, as `readState` does, for frequent readers. */
export function readNewest(run: SharedRun, schedule: ScheduleOptions, values: Float32Array<ArrayBuffer>): Committed {
  const { control, states } = run;
  return readWhole(run, () => {
    const round = Atomics.load(control, Word.round);
    values.set(currentAndNext(states, round)[0].values);
    const history = currentHistory(run, round);
    return Atomics.add(control, Word.round, 0) === round ? committed(schedule, round, values, history) : undefined;
  });
}

function committed(
  schedule: ScheduleOptions,
  round: number,
  values: Float32Array<ArrayBuffer>,
  history: TrainingHistory,
): Committed {
  return { round, step: stepsAfter(schedule, round - history.undone), values, history };
}

/** Makes `state` the current one. Call it only before the workers start. */
export function writeState(run: SharedRun, state: State): void {
  for (const _ of writing(run, state));
}

/** Does the same and yields to other tasks from time to time. */
export function writeStateInTurns(run: SharedRun, state: State): Promise<void> {
  return inTurns(writing(run, state));
}

/** Counts the elements that are copied or digested between two looks at the clock: a few tenths of a millisecond. */
const AT_ONCE = 2 ** 18;

function* writing(run: SharedRun, state: State): Generator<void, void, void> {
  yield* copying(currentAndNext(run.states, state.round)[0].values, state.values);
  setHistory(run, state.round, state.history);
  if (run.best && state.best) {
    yield* copying(run.best, state.best.values);
    writeHistory(run.bestHistory, state.best.history);
  }
  Atomics.store(run.control, Word.bestRound, state.best?.round ?? 0);
  Atomics.store(run.control, Word.rollbacksWritten, state.history.rollbacks);
  touchAllRows(run, state.round);
  Atomics.store(run.control, Word.round, state.round);
}

function* copying(to: Float32Array, from: Float32Array): Generator<void, void, void> {
  for (let begin = 0; begin < from.length; begin += AT_ONCE) {
    to.set(from.subarray(begin, begin + AT_ONCE), begin);
    yield;
  }
}

/** Stamps every row as touched by the last round, for two copies of the state that may differ anywhere. */
export function touchAllRows(run: SharedRun, round: number): void {
  for (const stamps of run.stamps) stamps.fill(round);
}

/**
 * Returns SHA-256, in hex, of the step count (float64) and the values (float32), all little-endian. The values may lie in
 * shared memory while no thread writes to them.
 */
export function stateDigest(state: Digested): string {
  const hash = createHash("sha256");
  for (const _ of digesting(hash, state));
  return hash.digest("hex");
}

/** Does the same and yields to other tasks from time to time: no thread may write to the values meanwhile. */
export async function stateDigestInTurns(state: Digested): Promise<string> {
  const hash = createHash("sha256");
  await inTurns(digesting(hash, state));
  return hash.digest("hex");
}

type Digested = Pick<Committed, "step"> & { readonly values: Float32Array };

function* digesting(hash: Hash, { step, values }: Digested): Generator<void, void, void> {
  const head = new DataView(new ArrayBuffer(8));
  head.setFloat64(0, step, true);
  hash.update(head);
  for (let begin = 0; begin < values.length; begin += AT_ONCE) {
    const { buffer, byteOffset, byteLength } = values.subarray(begin, begin + AT_ONCE);
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    yield;
  }
}
