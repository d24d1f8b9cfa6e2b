/** What the simd engine has no kernels for yet: refused, so that nothing is computed as if it had not been asked for. */
import type { Batch } from "../data/batch.ts";
import type { ModelSpec } from "../model/spec.ts";
import type { AdamConstants } from "./adam.ts";
import type { DropoutOptions } from "./dropout.ts";

export interface SupportQuestion {
  readonly spec: ModelSpec;
  readonly adam: AdamConstants;
  readonly dropout?: DropoutOptions;
}

/** Throws a RangeError that names the first option that is missing. */
export function requireSupported({ spec, adam, dropout }: SupportQuestion): void {
  const missing: [given: boolean, what: string][] = [
    [spec.layers !== 1, `layers ${spec.layers}: expected 1`],
    [spec.bidirectional, "bidirectional: expected false"],
    [spec.pooling !== "last", `pooling ${spec.pooling}: expected last`],
    [dropout !== undefined && dropout.rate !== 0, `dropout ${dropout?.rate}: expected 0`],
    [adam.weightDecay !== 0, `weightDecay ${adam.weightDecay}: expected 0`],
  ];
  const first = missing.find(([given]) => given);
  if (first) throw new RangeError(`The simd engine has no ${first[1]}; the engine tfjs has it`);
}

/** Throws a RangeError if a row of `batch` is padded. */
export function requireFullRows({ size, length, lengths }: Batch): void {
  for (let row = 0; row < size; row++) {
    if (lengths[row] !== length) {
      throw new RangeError(
        `The simd engine has no padded rows: batch.lengths[${row}] is ${lengths[row]}, not ${length}`,
      );
    }
  }
}
