// Everything the module exports. lib/engine/simd_kernels.ts types the same names.
export { gemm, affine, accumulateProducts } from "./gemm";
export { tanhArray, sigmoidArray, expArray } from "./activations";
export { packColumns, packRows, unpackColumns } from "./pack";
export { distinctTokens } from "./tokens";
export { addRows } from "./rows";
export { gatherRows, sumByToken, scatterRows } from "./embedding";
export { lstmFirst, lstmForward } from "./lstm_forward";
export { lstmBackward, lstmFirstBackward } from "./lstm_backward";
export { softmaxCrossEntropy, softmax } from "./softmax";
export { columnSums, zero } from "./sums";
export { squaredNorm, squaredNormRows } from "./norm";
export { adam, adamRows } from "./adam";
export { average, averageRows } from "./average";
export { peak } from "./peak";
