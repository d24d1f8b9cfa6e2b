/** Binds native kernels to a memory, in place of the WebAssembly kernels with the same names. */
import { bindStructs, type KernelExports, KERNELS, type SimdKernels, STRUCTS } from "../bindings.gen.ts";
import { bindMemory, type NativeKernels } from "./bindings.gen.ts";
import { Bounds } from "./bounds.ts";
import { checkedHead } from "./checks/head.ts";
import { checkedLstm } from "./checks/lstm.ts";
import { checkedMatrices } from "./checks/matrices.ts";
import { checkedTokens } from "./checks/tokens.ts";
import { checkedVectors } from "./checks/vectors.ts";

/** The field of each struct that has the number of a staged operand, by the kernels that use it. */
const OPERANDS = {
  gemm: STRUCTS.GemmCall.operand[1],
  lstmFirst: STRUCTS.LstmFirstCall.recurrent[1],
  lstmForward: STRUCTS.LstmForwardCall.recurrent[1],
  lstmBackward: STRUCTS.LstmBackwardCall.recurrentT[1],
  lstmFirstBackward: STRUCTS.LstmFirstBackwardCall.recurrentT[1],
  lstmSteps: STRUCTS.LstmStepsCall.recurrent[1],
  lstmStepsBackward: STRUCTS.LstmStepsBackwardCall.recurrentT[1],
} as const;

/**
 * The kernels over `memory`: the native ones of `native`, whose arguments are checked, and those of `exports` for the others.
 * Structs are written at the byte offset `at`.
 */
export function bindNative(
  native: NativeKernels,
  exports: KernelExports,
  memory: WebAssembly.Memory,
  at: number,
): SimdKernels {
  const bounds = new Bounds(memory);
  const own = bindMemory(native, new Uint8Array(memory.buffer));
  const kernels = bindStructs({ ...exports, ...own, ...withOperands(own, bounds, memory) }, memory.buffer, at);
  const bound: Writable<SimdKernels> = { ...kernels };
  const checked = {
    ...checkedHead(kernels, bounds),
    ...checkedLstm(kernels, bounds),
    ...checkedMatrices(kernels, bounds),
    ...checkedTokens(kernels, bounds),
    ...checkedVectors(kernels, bounds),
  };
  for (const name of Object.keys(KERNELS) as (keyof SimdKernels)[]) if (own[name]) replace(bound, checked, name);
  // WebAssembly kernels read their own copy of an operand.
  const isCopied = Object.keys(OPERANDS).some((name) => !(name in own));
  bound.stageOperand = (operand, from, inner, panels) => {
    bounds.stage(operand, from, inner, panels);
    if (isCopied) kernels.stageOperand(operand, from, inner, panels);
  };
  return bound;
}

type Writable<Kernels> = { -readonly [Name in keyof Kernels]: Kernels[Name] };

/** Replaces a kernel by the function that checks its arguments. Throws a TypeError if it has none. */
function replace<Name extends keyof SimdKernels>(
  kernels: Writable<SimdKernels>,
  checked: Partial<SimdKernels>,
  name: Name,
): void {
  const kernel = checked[name];
  if (!kernel) throw new TypeError(`No function checks the arguments of the native kernel ${name}`);
  kernels[name] = kernel;
}

/** Returns those of `own` that use an operand: each finds its byte offset in place of its number in the struct. */
function withOperands(
  own: Partial<KernelExports>,
  bounds: Bounds,
  { buffer }: WebAssembly.Memory,
): Partial<KernelExports> {
  const words = new Int32Array(buffer);
  const kernels: Partial<Writable<KernelExports>> = {};
  for (const [name, field] of Object.entries(OPERANDS) as [keyof typeof OPERANDS, number][]) {
    const kernel = own[name];
    if (!kernel) continue;
    kernels[name] = (call: number) => {
      const word = (call + field) / 4;
      words[word] = bounds.operandAt(words[word]!);
      return kernel(call);
    };
  }
  return kernels;
}
