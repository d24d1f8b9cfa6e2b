// Takes the mean over shards of the results of one step of Adam each, without room for whole replicas: a block of all shards
// at a time, in the first-level cache. The bits are those of `adam` for each shard followed by `average`.
import { AdamFormula, adamSteps, meanOf, squareOf, weightOf } from "./adam";
import { average, factorAt, vectorAt } from "./average";
import { touchedAlike } from "./average_rows";

/** Bytes that the blocks of all shards share, of one vector; each shard has at least a cache line. */
const BLOCKS_BYTES: usize = 8192;

/** Most shards whose steps and mean stay in registers. */
const FEW = 4;

/** Returns whether all shards take a step. */
function allStep(gradients: usize, list: usize): bool {
  for (let shard: usize = 0; shard < list; shard += 4) {
    if (load<u32>(gradients + shard) == 0) return false;
  }
  return true;
}

/** The arguments of `adamMean`. */
// @ts-ignore: decorator
@unmanaged
export class AdamMeanCall extends AdamFormula {
  fromW: usize; fromM: usize; fromV: usize; gradients: usize; scales: usize; coefficients: usize; shards: i32;
  intoW: usize; intoM: usize; intoV: usize; count: i32;
  replicas: usize; pointers: usize; stack: usize; spare: usize;
}

/** Does `adamMean` for one to FEW shards that all take a step, in registers. `bytes` is a multiple of 16. */
function adamFew(
  fromW: usize, fromM: usize, fromV: usize, gradients: usize, intoW: usize, intoM: usize, intoV: usize, bytes: usize,
  call: AdamMeanCall,
): void {
  const scales = call.scales, coefficients = call.coefficients, shards = call.shards;
  const d1 = f32x4.splat(call.oneMinusBeta1), d2 = f32x4.splat(call.beta2), w2 = f32x4.splat(call.oneMinusBeta2);
  const r = f32x4.splat(call.rate), root = f32x4.splat(call.rootCorrection);
  const e = f32x4.splat(call.epsilon), k = f32x4.splat(call.kept);
  const g0 = vectorAt(gradients, shards, 0), g1 = vectorAt(gradients, shards, 1);
  const g2 = vectorAt(gradients, shards, 2), g3 = vectorAt(gradients, shards, 3);
  const s0 = factorAt(scales, shards, 0), c0 = factorAt(coefficients, shards, 0);
  const s1 = factorAt(scales, shards, 1), c1 = factorAt(coefficients, shards, 1);
  const s2 = factorAt(scales, shards, 2), c2 = factorAt(coefficients, shards, 2);
  const s3 = factorAt(scales, shards, 3), c3 = factorAt(coefficients, shards, 3);
  for (let at: usize = 0; at < bytes; at += 16) {
    const w = v128.load(fromW + at), m = v128.load(fromM + at), v = v128.load(fromV + at);
    let g = f32x4.mul(v128.load(g0 + at), s0), m1 = meanOf(g, m, d1), v1 = squareOf(g, v, d2, w2);
    let sumW = f32x4.mul(weightOf(w, m1, v1, r, root, e, k), c0), sumM = f32x4.mul(m1, c0), sumV = f32x4.mul(v1, c0);
    if (shards > 1) {
      g = f32x4.mul(v128.load(g1 + at), s1);
      m1 = meanOf(g, m, d1);
      v1 = squareOf(g, v, d2, w2);
      sumW = f32x4.add(sumW, f32x4.mul(weightOf(w, m1, v1, r, root, e, k), c1));
      sumM = f32x4.add(sumM, f32x4.mul(m1, c1));
      sumV = f32x4.add(sumV, f32x4.mul(v1, c1));
    }
    if (shards > 2) {
      g = f32x4.mul(v128.load(g2 + at), s2);
      m1 = meanOf(g, m, d1);
      v1 = squareOf(g, v, d2, w2);
      let rightW = f32x4.mul(weightOf(w, m1, v1, r, root, e, k), c2);
      let rightM = f32x4.mul(m1, c2), rightV = f32x4.mul(v1, c2);
      if (shards > 3) {
        g = f32x4.mul(v128.load(g3 + at), s3);
        m1 = meanOf(g, m, d1);
        v1 = squareOf(g, v, d2, w2);
        rightW = f32x4.add(rightW, f32x4.mul(weightOf(w, m1, v1, r, root, e, k), c3));
        rightM = f32x4.add(rightM, f32x4.mul(m1, c3));
        rightV = f32x4.add(rightV, f32x4.mul(v1, c3));
      }
      sumW = f32x4.add(sumW, rightW);
      sumM = f32x4.add(sumM, rightM);
      sumV = f32x4.add(sumV, rightV);
    }
    v128.store(intoW + at, sumW);
    v128.store(intoM + at, sumM);
    v128.store(intoV + at, sumV);
  }
}

/**
 * into = Σ_s coefficients[s] · (from after a step by scales[s] · gradients[s]) for `count` elements of W, M and V.
 * `gradients` is an array of pointers, int32[shards]; a shard whose pointer is 0 takes no step. `replicas` is
 * 3 · max(8192, 64 · shards) bytes, `pointers` 12 · shards. The rest is as in `adam` and `average`.
 */
export function adamMean(call: AdamMeanCall): void {
  adamMeanOf(
    call.fromW, call.fromM, call.fromV, call.gradients, call.intoW, call.intoM, call.intoV, 4 * <usize>call.count, call,
  );
}

/** Does `adamMean` for `bytes` of the vectors at these pointers; reads only the other arguments from `call`. */
function adamMeanOf(
  fromW: usize, fromM: usize, fromV: usize, gradients: usize, intoW: usize, intoM: usize, intoV: usize, bytes: usize,
  call: AdamMeanCall,
): void {
  const scales = call.scales, coefficients = call.coefficients, shards = call.shards;
  const replicas = call.replicas, pointers = call.pointers, stack = call.stack;
  const list: usize = 4 * <usize>shards;
  const done = allStep(gradients, list) && shards <= FEW ? bytes & ~15 : 0;
  if (done > 0) adamFew(fromW, fromM, fromV, gradients, intoW, intoM, intoV, done, call);
  const block = max<usize>(64, min<usize>(1024, (BLOCKS_BYTES / shards) & ~63));
  const pointersM = pointers + list, pointersV = pointersM + list;
  for (let begin = done; begin < bytes; begin += block) {
    const length = i32(min(block, bytes - begin) >> 2);
    let at = replicas;
    for (let shard: usize = 0; shard < list; shard += 4, at += 3 * block) {
      const gradient = <usize>load<u32>(gradients + shard);
      if (gradient != 0) {
        adamSteps(
          fromW + begin, fromM + begin, fromV + begin, gradient + begin, at, at + block, at + 2 * block, length,
          load<f32>(scales + shard), call, call.spare,
        );
      }
      store<u32>(pointers + shard, <u32>(gradient != 0 ? at : fromW + begin));
      store<u32>(pointersM + shard, <u32>(gradient != 0 ? at + block : fromM + begin));
      store<u32>(pointersV + shard, <u32>(gradient != 0 ? at + 2 * block : fromV + begin));
    }
    average(pointers, coefficients, shards, intoW + begin, length, stack, false);
    average(pointersM, coefficients, shards, intoM + begin, length, stack, false);
    average(pointersV, coefficients, shards, intoV + begin, length, stack, false);
  }
}

/**
 * Does the same for rows[0..count) of a tensor with `height` rows of `width`: a shard takes a step of row r if
 * stamps[s][r] = stamp. The pointers of `call` are those of the tensor, in `gradients` too, whose rows are listed in
 * `rowGradients`; `call.count` is not read.
 */
export function adamMeanRows(
  rows: usize, count: i32, width: i32, height: i32, stamps: usize, stamp: i32, rowGradients: usize, call: AdamMeanCall,
): void {
  const gradients = call.gradients;
  const end: usize = 4 * <usize>call.shards;
  for (let i = 0; i < count;) {
    const row = load<i32>(rows);
    // Neighbouring rows that the same shards touched are done together.
    let length = 1;
    while (
      i + length < count && load<i32>(rows + 4 * <usize>length) == row + length &&
      touchedAlike(stamps, end, stamp, row, row + length, true)
    ) length++;
    i += length;
    rows += 4 * <usize>length;
    if (row < 0 || row + length > height) continue;
    const at: usize = 4 * <usize>row * <usize>width;
    for (let shard: usize = 0; shard < end; shard += 4) {
      const own = load<i32>(<usize>load<u32>(stamps + shard) + 4 * <usize>row) == stamp;
      store<u32>(rowGradients + shard, own ? load<u32>(gradients + shard) + <u32>at : 0);
    }
    adamMeanOf(
      call.fromW + at, call.fromM + at, call.fromV + at, rowGradients,
      call.intoW + at, call.intoM + at, call.intoV + at, 4 * <usize>(width * length), call,
    );
  }
}
