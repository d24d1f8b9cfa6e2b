// Lists what predictions need, for modules that do nothing else: forward.wasm and exact.wasm.
export { gemm } from "./matrices/gemm";
export { stageOperand } from "./matrices/products";
export { packColumns } from "./matrices/pack";
export { distinctFirsts, distinctTokens, reverseSlots } from "./tokens/tokens";
export { composeRows, gatherRows } from "./tokens/embedding";
export { lstmFirst, lstmForward } from "./lstm/lstm_forward";
export { lstmSteps } from "./lstm/lstm_steps";
export { mirrorSteps } from "./lstm/padding";
export { pickRows } from "./matrices/rows";
export { poolMean } from "./head/pool_mean";
export { poolMax } from "./head/pool_max";
export { softmax } from "./head/softmax";
export { sigmoids } from "./head/sigmoid";
export { zero } from "./matrices/sums";

/** Returns a · b + c, by which a caller finds out whether the engine rounds it once. */
export function multiplyAdd(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(f32x4.relaxed_madd(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)), 0);
}
