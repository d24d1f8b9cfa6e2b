/** Collects the weights of a model, one score after another. */
import { grown } from "../../base/growing_arrays.ts";
import type { LinearModel } from "../model.ts";

interface Collected {
  /** Adds those of score `k`: later ones have higher numbers. */
  add(k: number, weightOf: (column: number) => number): void;
  weights(): Pick<LinearModel, "weights" | "sparse">;
}

/** Collects the weights of each feature for all scores. */
export function wholeWeights(columns: number, scores: number): Collected {
  const weights = new Float32Array(columns * scores);
  return {
    add(k, weightOf) {
      for (let column = 0; column < columns; column++) weights[column * scores + k] = weightOf(column);
    },
    weights: () => ({ weights }),
  };
}

/** Collects the weights that are not 0. */
export function sparseWeights(columns: number): Collected {
  const starts = new Uint32Array(columns + 1);
  let [columnOf, scoreOf, values] = [new Uint32Array(1 << 16), new Uint16Array(1 << 16), new Float32Array(1 << 16)];
  let count = 0;
  const push = (column: number, k: number, weight: number) => {
    if (count === values.length) {
      columnOf = grown(columnOf, count + 1);
      scoreOf = grown(scoreOf, count + 1);
      values = grown(values, count + 1);
    }
    columnOf[count] = column;
    scoreOf[count] = k;
    values[count++] = weight;
    starts[column + 1]!++;
  };
  return {
    add(k, weightOf) {
      for (let column = 0; column < columns; column++) {
        const weight = weightOf(column);
        if (weight !== 0) push(column, k, weight);
      }
    },
    weights() {
      for (let column = 0; column < columns; column++) starts[column + 1]! += starts[column]!;
      const next = starts.slice();
      const [weights, scores] = [new Float32Array(count), new Uint16Array(count)];
      for (let i = 0; i < count; i++) {
        const at = next[columnOf[i]!]!++;
        weights[at] = values[i]!;
        scores[at] = scoreOf[i]!;
      }
      return { weights, sparse: { starts, scores } };
    },
  };
}
