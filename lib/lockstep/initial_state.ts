/** Makes the state that a run starts from. */
import type { TrainingConfig } from "../config/schema.ts";
import { initialWeights, initialWeightsInTurns } from "../model/initial.ts";
import type { Plan } from "./plan.ts";
import { keepsBest, NEW_HISTORY } from "./memory/training_history.ts";
import { momentSets } from "./memory/map.ts";
import type { State } from "./memory/state.ts";

/** Returns the state before the first round: moments 0, and the weights that the seed draws, or `given` ones. */
export function initialState(plan: Plan, config: TrainingConfig, given?: Float32Array): State {
  return stateOf(plan, given ?? initialWeights(plan.spec, plan.layout, config));
}

/** Does the same and yields to other tasks from time to time: drawing a large model takes seconds. */
export async function initialStateInTurns(plan: Plan, config: TrainingConfig, given?: Float32Array): Promise<State> {
  if (given) return stateOf(plan, given);
  const values = stateValues(plan);
  await initialWeightsInTurns(plan.spec, plan.layout, config, values.subarray(0, plan.layout.size));
  return { round: 0, step: 0, values, history: NEW_HISTORY };
}

function stateOf(plan: Plan, weights: Float32Array): State {
  const values = stateValues(plan);
  values.set(weights);
  return { round: 0, step: 0, values, history: NEW_HISTORY };
}

function stateValues({ layout, map }: Plan): Float32Array<ArrayBuffer> {
  return new Float32Array(layout.size * (1 + 2 * momentSets(map)));
}

/** Returns `state` with the initial state as the best so far, if it has none and the run keeps one. */
export function withBest(plan: Plan, config: TrainingConfig, state: State, given?: Float32Array): State {
  if (!keepsBest(config) || state.best) return state;
  return { ...state, best: state.round === 0 ? state : initialState(plan, config, given) };
}
