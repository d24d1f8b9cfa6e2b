/**
 * The position of the greatest of the `width` numbers from `first` on, counted from there; of equals the lowest. Of
 * class probabilities `[rows, classes]` it is the class of the row that begins at `first`.
 */
export function mostProbable(probabilities: ArrayLike<number>, first = 0, width = probabilities.length): number {
  let best = 0;
  for (let k = 1; k < width; k++) if (probabilities[first + k]! > probabilities[first + best]!) best = k;
  return best;
}
