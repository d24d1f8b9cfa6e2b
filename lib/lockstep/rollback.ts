/**
 * What `--on-nan` does, by the last worker to arrive at a barrier while all others wait. A rollback is a round of its
 * own: it commits the best state once more, so that rounds only ever grow, and whatever is numbered by them (checkpoints,
 * digests, events) stays unambiguous. What is taken back is the place in the schedule.
 */
import { Word } from "./memory/control.ts";
import { learningRateAfter, MAX_ROLLBACKS, readCourse, writeCourse } from "./memory/training_history.ts";
import { Divergence, type Finding, findingText } from "./divergence.ts";
import { judgedCourse } from "./commit/best_state.ts";
import { currentAndNext } from "./memory/map.ts";
import type { LockstepConfig } from "./plan.ts";
import { writeRollback } from "./commit/records.ts";
import { settleRound } from "./settle.ts";
import type { SharedRun } from "./memory/views.ts";
import { allRowsTouched } from "./memory/state.ts";

/** Goes back to the best state at half the learning rate, or throws a Divergence. */
export function diverged(config: LockstepConfig, run: SharedRun, finding: Finding): void {
  const { training } = config;
  const { control } = run;
  const round = Atomics.load(control, Word.round);
  const { rollbacks } = readCourse(run.courses[round & 1 ? 1 : 0]);
  const learningRate = learningRateAfter(training, finding.step - 1, rollbacks);
  // Before anything is written: a state that is read now is whole.
  const advice = training.onNan === "stop"
    ? "; try a smaller one, --clip-norm 1 or --on-nan rollback"
    : rollbacks < MAX_ROLLBACKS
    ? undefined
    : `, which ${rollbacks} rollbacks have halved; try --clip-norm 1`;
  if (advice !== undefined) throw new Divergence(findingText(finding, learningRate) + advice);
  const { best } = judgedCourse(run);
  const committed = round + 1;
  const position = best?.position ?? 0;
  currentAndNext(run.states, round)[1].values.set(run.best!);
  writeCourse(run.courses[committed & 1 ? 1 : 0], {
    epoch: [0, 0, 0],
    undone: committed - position,
    rollbacks: rollbacks + 1,
    rollbackRound: committed,
    best,
    sinceBest: 0,
  });
  allRowsTouched(run, committed);
  // Before the round commits: a rollback that can be read in the state is told.
  const restored = best?.round ?? 0;
  writeRollback(run, { round: committed, restored, position, rollbacks: rollbacks + 1, learningRate, ...finding });
  // Last of what belongs to the state, as in any commit.
  Atomics.store(control, Word.round, committed);
  settleRound(config, run);
}
