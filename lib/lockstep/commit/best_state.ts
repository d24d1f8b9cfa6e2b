/**
 * What the end of an epoch means for the best state and for early stopping. The verdict waits beside the state until the
 * next round commits: up to then the state is as its own round left it, so that whoever takes it up from a checkpoint
 * evaluates the epoch again and comes to the same verdict, once.
 */
import { Word } from "../memory/control.ts";
import { type Course, readCourse, writeCourse } from "../memory/training_history.ts";
import { currentAndNext } from "../memory/map.ts";
import type { SharedRun } from "../memory/views.ts";

export interface Verdict {
  readonly isBest: boolean;
  /** Epochs since the best one. */
  readonly sinceBest: number;
}

/** Judges the end of an epoch, after `round` rounds, by its held-out figures. */
export function judge(
  run: SharedRun,
  round: number,
  { best, sinceBest }: Course,
  heldOut: { readonly loss: number; readonly accuracy: number },
): Verdict {
  const isBest = heldOut.loss < (best?.loss ?? Infinity);
  const verdict = { isBest, sinceBest: isBest ? 0 : sinceBest + 1 };
  run.verdict.set([round, isBest ? 1 : 0, verdict.sinceBest, heldOut.loss, heldOut.accuracy]);
  return verdict;
}

/** Whether the state after `round` rounds was found to be the best, and that is not in its course yet. */
export function isFoundBest({ verdict: [judged, isBest] }: SharedRun, round: number): boolean {
  return judged === round && isBest === 1;
}

/** The course of the current state with the verdict on it, for the next one; the best state is kept if it is this one. */
export function judgedCourse(run: SharedRun): Course {
  const round = Atomics.load(run.control, Word.round);
  const course = readCourse(run.courses[round & 1 ? 1 : 0]);
  if (run.verdict[0] !== round || round === 0) return course;
  const [, , sinceBest, loss, accuracy] = run.verdict;
  if (!isFoundBest(run, round)) return { ...course, sinceBest: sinceBest! };
  // A reader who meets -1, or another round than the state's own course names, reads again.
  Atomics.store(run.control, Word.bestRound, -1);
  run.best!.set(currentAndNext(run.states, round)[0].values);
  // Without one before it: whoever takes it up judges it again, and finds it the best.
  writeCourse(run.courses[2], { ...course, best: undefined, sinceBest: 0 });
  Atomics.store(run.control, Word.bestRound, round);
  return {
    ...course,
    sinceBest: 0,
    best: { round, position: round - course.undone, loss: loss!, accuracy: accuracy! },
  };
}
