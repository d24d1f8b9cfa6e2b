// Everything the module exports. lib/engine/simd_kernels.ts types the same names.
export { gemm, affine, accumulateProducts } from "./gemm";
export { tanhArray, sigmoidArray, expArray } from "./activations";
export { packColumns, packRows, unpackColumns } from "./pack";
export { distinctFirsts, distinctTokens } from "./tokens";
export { gatherRows, sumByToken, scatterRows } from "./embedding";
export { lstmFirst, lstmForward } from "./lstm_forward";
export { lstmBackward, lstmFirstBackward } from "./lstm_backward";
export { softmaxCrossEntropy, softmax } from "./softmax";
export { columnSums, zero } from "./sums";
export { squaredNorm } from "./norm";
export { adam } from "./adam";
export { average } from "./average";
export { peak } from "./peak";
