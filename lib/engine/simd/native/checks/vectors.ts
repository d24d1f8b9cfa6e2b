/** Checks the kernels of kernels/assembly/vectors. */
import type { AdamCall, AdamMeanCall, SimdKernels } from "../../bindings.gen.ts";
import type { Bounds } from "../bounds.ts";

type Names =
  | "squaredNorm"
  | "squaredNormRows"
  | "adam"
  | "adamRows"
  | "adamMean"
  | "adamMeanRows"
  | "average"
  | "averageRows"
  | "copyRows"
  | "findRows"
  | "peak";

/** The bytes of `spare` that the last elements of a step pass through. */
const SPARE_BYTES = 112;

/** Checks the vectors of a step, of `elements` each. */
function checkVectors(
  bounds: Bounds,
  { fromW, fromM, fromV, intoW, intoM, intoV, spare }: AdamCall | AdamMeanCall,
  elements: number,
): void {
  bounds.span(fromW, 4 * elements);
  bounds.span(fromM, 4 * elements);
  bounds.span(fromV, 4 * elements);
  bounds.span(intoW, 4 * elements);
  bounds.span(intoM, 4 * elements);
  bounds.span(intoV, 4 * elements);
  bounds.span(spare, SPARE_BYTES);
}

/** Checks the room of `average`: a block of 256 floats for each level of the tree. */
function checkStack(bounds: Bounds, stack: number, shards: number): void {
  bounds.span(stack, 1024 * (2 + Math.ceil(Math.log2(Math.max(1, shards)))));
}

/** Checks the lists of a mean over shards, whose gradients have `elements` each. */
function checkMean(bounds: Bounds, call: AdamMeanCall, elements: number): void {
  const { shards } = call;
  bounds.pointers(call.gradients, shards, 4 * elements);
  bounds.span(call.scales, 4 * shards);
  bounds.span(call.coefficients, 4 * shards);
  bounds.span(call.replicas, 3 * Math.max(8192, 64 * shards));
  bounds.span(call.pointers, 12 * shards);
  checkStack(bounds, call.stack, shards);
}

export function checkedVectors(kernels: SimdKernels, bounds: Bounds): Pick<SimdKernels, Names> {
  return {
    squaredNorm(from, count) {
      bounds.span(from, 4 * count);
      return kernels.squaredNorm(from, count);
    },
    squaredNormRows(rows, count, width, begin, end, from, sum) {
      bounds.span(rows, 4 * count);
      bounds.span(from, 4 * end);
      return kernels.squaredNormRows(rows, count, width, begin, end, from, sum);
    },
    adam(call) {
      checkVectors(bounds, call, call.count);
      bounds.span(call.gradient, 4 * call.count);
      kernels.adam(call);
    },
    adamRows(rows, count, width, begin, end, call) {
      bounds.span(rows, 4 * count);
      checkVectors(bounds, call, end);
      bounds.span(call.gradient, 4 * end);
      kernels.adamRows(rows, count, width, begin, end, call);
    },
    adamMean(call) {
      checkVectors(bounds, call, call.count);
      checkMean(bounds, call, call.count);
      kernels.adamMean(call);
    },
    adamMeanRows(rows, count, width, height, stamps, stamp, rowGradients, call) {
      bounds.rowsBelow(rows, count, height);
      bounds.pointers(stamps, call.shards, 4 * height);
      bounds.span(rowGradients, 4 * call.shards);
      checkVectors(bounds, call, height * width);
      checkMean(bounds, call, height * width);
      kernels.adamMeanRows(rows, count, width, height, stamps, stamp, rowGradients, call);
    },
    average(vectors, coefficients, shards, to, count, stack, drift) {
      bounds.pointers(vectors, shards, 4 * count);
      bounds.span(coefficients, 4 * shards);
      bounds.span(to, 4 * count);
      checkStack(bounds, stack, shards);
      return kernels.average(vectors, coefficients, shards, to, count, stack, drift);
    },
    averageRows(call) {
      const { rows, count, width, height, shards, otherwise, otherwiseStride } = call;
      bounds.rowsBelow(rows, count, height);
      bounds.pointers(call.vectors, shards, 4 * height * width);
      bounds.pointers(call.stamps, shards, 4 * height);
      bounds.pieces(otherwise, otherwiseStride, height, 4 * width);
      bounds.span(call.coefficients, 4 * shards);
      bounds.span(call.to, 4 * height * width);
      bounds.span(call.pointers, 4 * shards);
      checkStack(bounds, call.stack, shards);
      return kernels.averageRows(call);
    },
    copyRows(rows, count, width, height, from, to) {
      bounds.span(rows, 4 * count);
      bounds.span(from, 4 * height * width);
      bounds.span(to, 4 * height * width);
      kernels.copyRows(rows, count, width, height, from, to);
    },
    findRows(call) {
      const { height, block, parts, first, step } = call;
      if (!(block >= 1 && parts >= 1 && first >= 0 && step >= 1)) {
        throw new RangeError(`Cannot find rows in parts ${first}, ${first + step}, … of ${parts}, by ${block} rows`);
      }
      bounds.pointers(call.stamps, call.shards, 4 * height);
      bounds.span(call.list, 4 * call.room);
      bounds.span(call.found, 8);
      kernels.findRows(call);
    },
    peak: (rounds) => kernels.peak(rounds),
  };
}
