import type { TrainingConfig } from "../config/schema.ts";
import { initialWeights, initialWeightsInTurns } from "../model/initial.ts";
import { type Plan } from "./plan.ts";
import { keepsBest, NEW_COURSE } from "./memory/training_history.ts";
import { momentSets } from "./memory/map.ts";
import type { State } from "./memory/state.ts";

/** The state before the first round: moments 0, and the initial weights, or others that somebody gave. */
export function initialState(plan: Plan, config: TrainingConfig, given?: Float32Array): State {
  return stateOf(plan, given ?? initialWeights(plan.spec, plan.layout, config));
}

/** The same, while others get their turn: a large model takes seconds to draw. */
export async function initialStateInTurns(plan: Plan, config: TrainingConfig, given?: Float32Array): Promise<State> {
  if (given) return stateOf(plan, given);
  const values = stateValues(plan);
  await initialWeightsInTurns(plan.spec, plan.layout, config, values.subarray(0, plan.layout.size));
  return { round: 0, step: 0, values, course: NEW_COURSE };
}

function stateOf(plan: Plan, weights: Float32Array): State {
  const values = stateValues(plan);
  values.set(weights);
  return { round: 0, step: 0, values, course: NEW_COURSE };
}

function stateValues({ layout, map }: Plan): Float32Array<ArrayBuffer> {
  return new Float32Array(layout.size * (1 + 2 * momentSets(map)));
}

/** `state` with the initial one as the best so far, if it has none and one is to be kept. */
export function withBest(plan: Plan, config: TrainingConfig, state: State, given?: Float32Array): State {
  if (!keepsBest(config) || state.best) return state;
  return { ...state, best: state.round === 0 ? state : initialState(plan, config, given) };
}
