/** Weights that predict, and where they come from: a run that is training, or a saved one. */
import type { Coordinator } from "../lockstep/coordinator.ts";
import { stateDigest } from "../lockstep/state.ts";

/** Weights as one round committed them. */
export interface ModelVersion {
  readonly round: number;
  /** SHA-256 of the state that the weights are part of. */
  readonly digest: string;
  /** `[layout.size]` */
  readonly weights: Float32Array;
}

/** The newest version there is. */
export type VersionSource = () => Promise<ModelVersion>;

/** The newest committed weights of a run, copied out once a round and only when somebody asks. */
export function liveVersions(coordinator: Coordinator): VersionSource {
  let newest: ModelVersion | undefined;
  return () => {
    if (newest?.round !== coordinator.round) {
      const state = coordinator.state();
      const weights = state.values.subarray(0, coordinator.plan.layout.size);
      newest = { round: state.round, digest: stateDigest(state), weights };
    }
    return Promise.resolve(newest);
  };
}
