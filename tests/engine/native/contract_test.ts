/** Runs the contract of every engine with native kernels. */
import { engineContract } from "../contract/all.ts";
import { simdOnPlainArrays } from "../plain_arrays.ts";
import { usableLibraries } from "./libraries.ts";

for (const native of usableLibraries) {
  engineContract(`simd/${native.set}`, (needs) => simdOnPlainArrays(needs, native));
}
