// Takes steps of Adam (Kingma & Ba, 2015) as PyTorch does, in float32.
//
//   g = scale · gradient;  m += (1 - β1)(g - m);  v = β2 v + (1 - β2) g²;  w = kept · w - rate · m / (√v · rootCorrection + ε)
//
// with rate = multiplicity · learningRate / (1 - β1^t), rootCorrection = 1 / √(1 - β2^t), and kept = 1, or
// 1 - learningRate · weightDecay (AdamW: Loshchilov & Hutter, 2019).

/** Returns the next m. */
// @ts-ignore: decorator
@inline
export function meanOf(g: v128, m: v128, decay1: v128): v128 {
  return f32x4.relaxed_madd(decay1, f32x4.sub(g, m), m);
}

/** Returns the next v. */
// @ts-ignore: decorator
@inline
export function squareOf(g: v128, v: v128, decay2: v128, weight2: v128): v128 {
  return f32x4.relaxed_madd(f32x4.mul(g, weight2), g, f32x4.mul(v, decay2));
}

/** Returns the next w, given the next m and v. */
// @ts-ignore: decorator
@inline
export function weightOf(
  w: v128, m: v128, v: v128, rate: v128, rootCorrection: v128, epsilon: v128, kept: v128,
): v128 {
  const root = f32x4.relaxed_madd(f32x4.sqrt(v), rootCorrection, epsilon);
  return f32x4.relaxed_nmadd(rate, f32x4.div(m, root), f32x4.mul(w, kept));
}

// @ts-ignore: decorator
@inline
function step(
  fromW: usize, fromM: usize, fromV: usize, gradient: usize, intoW: usize, intoM: usize, intoV: usize,
  scale: v128, decay1: v128, decay2: v128, weight2: v128, rate: v128, rootCorrection: v128, epsilon: v128,
  kept: v128,
): void {
  const g = f32x4.mul(v128.load(gradient), scale);
  const m = meanOf(g, v128.load(fromM), decay1);
  const v = squareOf(g, v128.load(fromV), decay2, weight2);
  v128.store(intoM, m);
  v128.store(intoV, v);
  v128.store(intoW, weightOf(v128.load(fromW), m, v, rate, rootCorrection, epsilon, kept));
}

/** The constants of the formula. */
// @ts-ignore: decorator
@unmanaged
export class AdamFormula {
  oneMinusBeta1: f32; beta2: f32; oneMinusBeta2: f32; rate: f32; rootCorrection: f32; epsilon: f32; kept: f32;
}

/** The arguments of `adam`, which are those of `adamSteps`. */
// @ts-ignore: decorator
@unmanaged
export class AdamCall extends AdamFormula {
  fromW: usize; fromM: usize; fromV: usize; gradient: usize; intoW: usize; intoM: usize; intoV: usize; count: i32;
  scale: f32; spare: usize;
}

/** Calls `adamSteps`, for callers outside the module. */
export function adam(call: AdamCall): void {
  adamSteps(
    call.fromW, call.fromM, call.fromV, call.gradient, call.intoW, call.intoM, call.intoV, call.count,
    call.scale, call, call.spare,
  );
}

/** Takes one step over `count` elements. `spare` is 7 · 16 bytes, which the last elements pass through. */
export function adamSteps(
  fromW: usize, fromM: usize, fromV: usize, gradient: usize, intoW: usize, intoM: usize, intoV: usize, count: i32,
  scale: f32, formula: AdamFormula, spare: usize,
): void {
  const s = f32x4.splat(scale), d1 = f32x4.splat(formula.oneMinusBeta1), d2 = f32x4.splat(formula.beta2);
  const w2 = f32x4.splat(formula.oneMinusBeta2), r = f32x4.splat(formula.rate);
  const c = f32x4.splat(formula.rootCorrection), e = f32x4.splat(formula.epsilon), k = f32x4.splat(formula.kept);
  const bytes: usize = 16 * <usize>(count >> 2);
  for (let at: usize = 0; at < bytes; at += 16) {
    step(
      fromW + at, fromM + at, fromV + at, gradient + at, intoW + at, intoM + at, intoV + at, s, d1, d2, w2, r, c, e, k,
    );
  }
  const left: usize = 4 * <usize>(count & 3);
  if (left == 0) return;
  for (let j: usize = 0; j < left; j += 4) {
    store<f32>(spare + j, load<f32>(fromW + bytes + j));
    store<f32>(spare + j, load<f32>(fromM + bytes + j), 16);
    store<f32>(spare + j, load<f32>(fromV + bytes + j), 32);
    store<f32>(spare + j, load<f32>(gradient + bytes + j), 48);
  }
  step(spare, spare + 16, spare + 32, spare + 48, spare + 64, spare + 80, spare + 96, s, d1, d2, w2, r, c, e, k);
  for (let j: usize = 0; j < left; j += 4) {
    store<f32>(intoW + bytes + j, load<f32>(spare + j, 64));
    store<f32>(intoM + bytes + j, load<f32>(spare + j, 80));
    store<f32>(intoV + bytes + j, load<f32>(spare + j, 96));
  }
}
