import type { TrainingConfig } from "../config/schema.ts";
import { initialWeights } from "../model/initial.ts";
import { type Plan } from "./plan.ts";
import { keepsBest, NEW_COURSE } from "./course.ts";
import { momentSets } from "./memory_map.ts";
import type { State } from "./state.ts";

/** The state before the first round: moments 0, and the initial weights, or others that somebody gave. */
export function initialState({ spec, layout, map }: Plan, config: TrainingConfig, given?: Float32Array): State {
  const values = new Float32Array(layout.size * (1 + 2 * momentSets(map)));
  values.set(given ?? initialWeights(spec, layout, config));
  return { round: 0, step: 0, values, course: NEW_COURSE };
}

/** `state` with the initial one as the best so far, if it has none and one is to be kept. */
export function withBest(plan: Plan, config: TrainingConfig, state: State, given?: Float32Array): State {
  return keepsBest(config) && !state.best ? { ...state, best: initialState(plan, config, given) } : state;
}
