/** The newest weights of a run that trains, read from its shared memory while training goes on. */
import type { TrainingConfig } from "../config/schema.ts";
import { Word } from "../lockstep/memory/control.ts";
import { type SharedRun, sharedRun } from "../lockstep/memory/views.ts";
import { readNewest, stateDigest } from "../lockstep/memory/state.ts";
import { parameterLayout } from "../model/layout.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { LiveWeights, ModelVersion } from "../run/model_version.ts";

/** Under training each round is another version: they are looked at this often at most. */
const LEAST_MS = 100;
/** A large state takes long to copy and to digest: that may take this share of the time. */
const SHARE = 0.05;

/**
 * The newest version of `live`: the same object until a round committed and, with `now` in milliseconds, it is time to
 * look again. Throws an Error if no whole state could be read and there is none from before.
 */
export function liveVersion(
  { memory, map }: LiveWeights,
  { config, spec }: { readonly config: TrainingConfig; readonly spec: ModelSpec },
  now: () => number,
): () => ModelVersion {
  const run: SharedRun = sharedRun(map, memory);
  const { size } = parameterLayout(spec);
  const room = new Float32Array(run.states[0].values.length);
  let newest: ModelVersion | undefined;
  let lookAgainAt = -Infinity;
  return () => {
    if (newest && (now() < lookAgainAt || Atomics.load(run.control, Word.round) === newest.round)) return newest;
    const begun = now();
    try {
      const state = readNewest(run, config, room);
      newest = { round: state.round, digest: stateDigest(state), weights: room.slice(0, size) };
    } catch (error) {
      if (!newest) throw error;
    }
    lookAgainAt = begun + Math.max(LEAST_MS, (now() - begun) / SHARE);
    return newest;
  };
}
