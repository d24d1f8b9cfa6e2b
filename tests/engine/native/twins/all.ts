/** Has the calls of all kernels that a native kernel can replace. */
import type { Twins } from "../twin.ts";
import { headTwins } from "./head.ts";
import { lstmTwins } from "./lstm.ts";
import { matrixTwins } from "./matrices.ts";
import { tokenTwins } from "./tokens.ts";
import { vectorTwins } from "./vectors.ts";

export const allTwins: Twins = { ...headTwins, ...lstmTwins, ...matrixTwins, ...tokenTwins, ...vectorTwins };
