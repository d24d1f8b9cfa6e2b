import type { Batch } from "../data/batches/batch.ts";
import type { ModelSpec } from "../model/spec.ts";

/** Throws a RangeError unless the labels of `batch` are classes, one for each row or as many as `spec` says, in order. */
export function checkLabels({ size, labels, labelOffsets }: Batch, spec: Pick<ModelSpec, "classes" | "labels">): void {
  const { classes } = spec;
  const isMany = spec.labels === "many";
  if (isMany !== (labelOffsets !== undefined)) {
    throw new RangeError(`batch.labelOffsets is ${isMany ? "absent" : "given"}: expected ${isMany ? "it" : "none"}`);
  }
  for (let row = 0; row < size; row++) {
    const [begin, end] = labelOffsets ? [labelOffsets[row]!, labelOffsets[row + 1]!] : [row, row + 1];
    if (!(begin >= 0 && begin <= end && end <= labels.length)) {
      throw new RangeError(`The labels of row ${row} are from ${begin} to ${end}: expected 0 to ${labels.length}`);
    }
    for (let at = begin, least = 0; at < end; at++) {
      const label = labels[at]!;
      if (label < least || label >= classes) {
        throw new RangeError(`batch.labels[${at}] is ${label}: expected ${least} to ${classes - 1}`);
      }
      least = label + 1;
    }
  }
}
