/** The state outside of shared memory: read whole while training goes on, and named by its digest. */
import { createHash } from "node:crypto";
import { Word } from "./control.ts";
import { currentAndNext } from "./memory_map.ts";
import type { ScheduleOptions } from "./schedule.ts";
import { stepsAfter } from "./schedule.ts";
import type { SharedRun } from "./shared_run.ts";

/** All that the next round starts from, after `round` committed rounds. */
export interface State {
  readonly round: number;
  /** Steps that each shard has taken. */
  readonly step: number;
  /** Weights, then each moment set's m and v: `(1 + 2 · sets) · layout.size` elements, owned by the reader. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Loss, hits and samples of the epoch so far, for its figures alone: they are no part of the digest. */
  readonly epoch: readonly [lossSum: number, correct: number, samples: number];
}

/** A copy takes as long as a part of the averaging does, so the second attempt succeeds nearly always. */
const READ_ATTEMPTS = 1000;

/**
 * The newest committed state, copied while workers go on. The copy in use is written again only after the next round
 * commits, so a copy is whole if no round committed meanwhile; else it is taken again. It is made in `values`, if given.
 */
export function readState(
  run: SharedRun,
  schedule: ScheduleOptions,
  values: Float32Array<ArrayBuffer> = new Float32Array(run.states[0].values.length),
): State {
  const { control, states } = run;
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const round = Atomics.load(control, Word.round);
    values.set(currentAndNext(states, round)[0].values);
    const [lossSum, correct, samples] = run.epoch[round & 1]!;
    // A read-modify-write, not a load: the plain reads above may not be delayed past it.
    if (Atomics.add(control, Word.round, 0) === round) {
      return { round, step: stepsAfter(schedule, round), values, epoch: [lossSum!, correct!, samples!] };
    }
  }
  throw new Error(`No whole state could be read in ${READ_ATTEMPTS} attempts: rounds are shorter than a copy takes`);
}

/** Makes `state` the current one. Only before the workers start. */
export function writeState(run: SharedRun, state: State): void {
  currentAndNext(run.states, state.round)[0].values.set(state.values);
  run.epoch[state.round & 1]!.set(state.epoch);
  // The other copy is not this one: as if the last round had touched every row.
  for (const stamps of run.stamps) stamps.fill(state.round);
  Atomics.store(run.control, Word.round, state.round);
}

/**
 * SHA-256, in hex, of the step count (float64) and the values (float32), all little-endian. The values may lie in shared
 * memory while nobody writes to them.
 */
export function stateDigest({ step, values }: { readonly step: number; readonly values: Float32Array }): string {
  const head = new DataView(new ArrayBuffer(8));
  head.setFloat64(0, step, true);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return createHash("sha256").update(head).update(bytes).digest("hex");
}
