/** Names the kernels that a process can choose. The choice never changes the result. */

/** The instruction sets that native kernels are compiled for on each architecture, the best first. */
export const INSTRUCTION_SETS = {
  x86_64: ["avx512", "avx2"],
  aarch64: ["neon"],
} as const;

export type InstructionSet = typeof INSTRUCTION_SETS[keyof typeof INSTRUCTION_SETS][number];

/** `auto` is native where the library fits; an instruction set is native with this set. */
export const KERNEL_CHOICES = [
  "auto",
  "native",
  "wasm",
  ...INSTRUCTION_SETS.x86_64,
  ...INSTRUCTION_SETS.aarch64,
] as const;

export type KernelChoice = typeof KERNEL_CHOICES[number];
