/** The state outside of shared memory: read whole while training goes on, and named by its digest. */
import { createHash, type Hash } from "node:crypto";
import { Word } from "./control.ts";
import { type Course, readCourse, writeCourse } from "./training_history.ts";
import { currentAndNext } from "./map.ts";
import type { ScheduleOptions } from "../schedule.ts";
import { stepsAfter } from "../schedule.ts";
import { inTurns } from "../../turns.ts";
import type { SharedRun } from "./views.ts";

/** What one round committed. */
export interface Committed {
  /** Rounds ever committed, this one included. */
  readonly round: number;
  /** Steps that each shard has taken. */
  readonly step: number;
  /** Weights, then each moment set's m and v: `(1 + 2 · sets) · layout.size` elements, owned by the reader. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly course: Course;
}

/** All that the next round starts from, after `round` committed rounds. */
export interface State extends Committed {
  /** The one that `course.best` is about, or the initial one; only where a best state is kept. */
  readonly best?: Committed | undefined;
}

/** A copy takes as long as a part of the averaging does, so the second attempt succeeds nearly always. */
const SPINNING_ATTEMPTS = 100;
/** Then one a millisecond: where cores are scarce, a worker may be interrupted in the middle of writing. */
const READ_ATTEMPTS = 3000;

/** Returns the function that is called between two attempts, and says whether there should be another. */
function createPatience({ control }: SharedRun): () => boolean {
  let attempts = 0;
  return () => {
    attempts++;
    if (attempts > SPINNING_ATTEMPTS) Atomics.wait(control, Word.round, Atomics.load(control, Word.round), 1);
    return attempts < READ_ATTEMPTS;
  };
}

/**
 * The newest committed state, copied while workers go on. The copy in use is written again only after the next round
 * commits, so a copy is whole if no round committed meanwhile; else it is taken again. The best state is whole if it is
 * the one that the course names, before and after.
 */
export function readState(run: SharedRun, schedule: ScheduleOptions): State {
  const { control, states, courses } = run;
  const values = new Float32Array(states[0].values.length);
  const bestValues = run.best && new Float32Array(run.best.length);
  const goesOn = createPatience(run);
  do {
    const round = Atomics.load(control, Word.round);
    const bestRound = Atomics.load(control, Word.bestRound);
    values.set(currentAndNext(states, round)[0].values);
    const course = readCourse(courses[round & 1 ? 1 : 0]);
    if (run.best) bestValues?.set(run.best);
    const bestCourse = readCourse(courses[2]);
    // Read-modify-writes, not loads: the plain reads above may not be delayed past them.
    const isBest = Atomics.add(control, Word.bestRound, 0) === bestRound && (course.best?.round ?? 0) === bestRound;
    if (Atomics.add(control, Word.round, 0) === round && isBest) {
      const state = committed(schedule, round, values, course);
      return bestValues ? { ...state, best: committed(schedule, bestRound, bestValues, bestCourse) } : state;
    }
  } while (goesOn());
  throw new Error(`No whole state could be read in ${READ_ATTEMPTS} attempts: rounds are shorter than a copy takes`);
}

/** The newest committed values alone, copied into `values` as `readState` does: for whoever looks often. */
export function readNewest(run: SharedRun, schedule: ScheduleOptions, values: Float32Array<ArrayBuffer>): Committed {
  const { control, states, courses } = run;
  const goesOn = createPatience(run);
  do {
    const round = Atomics.load(control, Word.round);
    values.set(currentAndNext(states, round)[0].values);
    const course = readCourse(courses[round & 1 ? 1 : 0]);
    if (Atomics.add(control, Word.round, 0) === round) return committed(schedule, round, values, course);
  } while (goesOn());
  throw new Error(`No whole state could be read in ${READ_ATTEMPTS} attempts: rounds are shorter than a copy takes`);
}

function committed(
  schedule: ScheduleOptions,
  round: number,
  values: Float32Array<ArrayBuffer>,
  course: Course,
): Committed {
  return { round, step: stepsAfter(schedule, round - course.undone), values, course };
}

/** Makes `state` the current one. Only before the workers start. */
export function writeState(run: SharedRun, state: State): void {
  for (const _ of writing(run, state));
}

/** The same, while others get their turn. */
export function writeStateInTurns(run: SharedRun, state: State): Promise<void> {
  return inTurns(writing(run, state));
}

/** Elements that are copied or digested between two looks at the clock: some tenths of a millisecond. */
const AT_ONCE = 2 ** 18;

function* writing(run: SharedRun, state: State): Generator<void, void, void> {
  yield* copying(currentAndNext(run.states, state.round)[0].values, state.values);
  writeCourse(run.courses[state.round & 1 ? 1 : 0], state.course);
  if (run.best && state.best) {
    yield* copying(run.best, state.best.values);
    writeCourse(run.courses[2], state.best.course);
  }
  Atomics.store(run.control, Word.bestRound, state.best?.round ?? 0);
  Atomics.store(run.control, Word.rollbacksWritten, state.course.rollbacks);
  allRowsTouched(run, state.round);
  Atomics.store(run.control, Word.round, state.round);
}

function* copying(to: Float32Array, from: Float32Array): Generator<void, void, void> {
  for (let begin = 0; begin < from.length; begin += AT_ONCE) {
    to.set(from.subarray(begin, begin + AT_ONCE), begin);
    yield;
  }
}

/** The two copies of the state differ anywhere: as if the last round had touched every row. */
export function allRowsTouched(run: SharedRun, round: number): void {
  for (const stamps of run.stamps) stamps.fill(round);
}

/**
 * SHA-256, in hex, of the step count (float64) and the values (float32), all little-endian. The values may lie in shared
 * memory while nobody writes to them.
 */
export function stateDigest(state: Digested): string {
  const hash = createHash("sha256");
  for (const _ of digesting(hash, state));
  return hash.digest("hex");
}

/** The same, while others get their turn: nobody may write to the values meanwhile. */
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
