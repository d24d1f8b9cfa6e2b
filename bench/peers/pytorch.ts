/** Measures PyTorch, by the Python scripts in this folder. */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { errorMessage } from "../../lib/base/errors.ts";
import { output } from "../command.ts";
import type { StepMetrics } from "../train/lockstep.ts";
import type { Stages } from "../measure.ts";
import { type Shape, VOCABULARY } from "../train/shapes.ts";

/** Names Debian's Python, which has the package python3-torch. */
const PYTHON = "/usr/bin/python3";

/** Says how PyTorch uses cores. */
export interface PytorchOptions {
  readonly threads: number;
  /** Counts the threads of its matrix library. */
  readonly blasThreads: number;
  /** Counts the processes; if more than 1, with DistributedDataParallel and a batch in each. */
  readonly processes: number;
}

/** `blas` names the kernel that OpenBLAS, PyTorch's matrix library, chose for this processor. */
export type Availability = { readonly version: string; readonly blas?: string | undefined } | {
  readonly reason: string;
};

const blasLine = z.object({ core: z.string().nullable() });

/** Returns PyTorch's version, or why it cannot be measured here. */
export async function findPytorch(): Promise<Availability> {
  const found = await findPackage("PyTorch", "torch", "apt-get install python3-torch");
  if ("reason" in found) return found;
  const [line] = await script("openblas.py", {});
  return { ...found, blas: blasLine.parse(line).core ?? undefined };
}

/** Returns FastAPI's version, or why it cannot be measured here: it or its server is missing. */
export function findFastApi(): Promise<Availability> {
  return findPackage("FastAPI", "fastapi, uvicorn", "apt-get install python3-fastapi python3-uvicorn");
}

/** Returns the version of the first of `modules` of Python, or why `peer`, which needs them, is left out. */
export async function findPackage(peer: string, modules: string, remedy: string): Promise<Availability> {
  const [first] = modules.split(", ");
  try {
    return { version: await output(PYTHON, ["-c", `import ${modules}; print(${first}.__version__)`]) };
  } catch (error) {
    const reason = errorMessage(error).split("\n").at(-1)!;
    return {
      reason: `${peer} is left out: ${PYTHON} has no ${modules.replace(", ", " or ")}, try ${remedy} (${reason})`,
    };
  }
}

const stepLine = z.object({ steps: z.int(), ms_per_step: z.number(), sequences_per_second: z.number() });

/** Measures steps of `shape` for about as long as the stages say. */
export async function measurePytorch(
  options: PytorchOptions,
  shape: Shape,
  { warmUp, measured }: Stages,
): Promise<StepMetrics> {
  const times = { "warm-up": warmUp.seconds, seconds: measured.seconds };
  const flags = { ...threadFlags(options), processes: options.processes, ...shape, vocabulary: VOCABULARY, ...times };
  const [line] = await script("pytorch.py", flags);
  const { steps, ms_per_step: msPerStep, sequences_per_second: sequencesPerSecond } = stepLine.parse(line);
  return { msPerStep, sequencesPerSecond, steps, wait: null, average: null };
}

const textLine = z.object({ steps: z.int(), sequencesPerSecond: z.number() });

/** Returns the sequences per second on the encoded rows in `folder`; `flags` are those of the script. */
export async function measurePytorchText(
  options: PytorchOptions,
  folder: string,
  flags: Readonly<Record<string, number | true>>,
): Promise<number> {
  const [line] = await script("pytorch_text.py", { ...threadFlags(options), ...flags, processes: options.processes }, [
    folder,
  ]);
  return textLine.parse(line).sequencesPerSecond;
}

const parityLine = z.object({ seconds: z.number(), steps: z.int(), accuracy: z.number(), reached: z.boolean() });
type PytorchParity = z.infer<typeof parityLine>;

/** Measures how PyTorch learns the default recipe once. */
export async function learnParity(options: PytorchOptions, seed: number): Promise<PytorchParity> {
  const [line] = await script("pytorch_parity.py", { ...threadFlags(options), seeds: seed });
  return parityLine.parse(line);
}

function threadFlags({ threads, blasThreads }: PytorchOptions) {
  return { threads, "blas-threads": blasThreads };
}

/** Returns the JSON lines that a script of this folder prints. */
async function script(
  name: string,
  flags: Readonly<Record<string, number | true>>,
  positionals: readonly string[] = [],
): Promise<unknown[]> {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const args = Object.entries(flags).map(([flag, value]) => value === true ? `--${flag}` : `--${flag}=${value}`);
  const lines = await output(PYTHON, ["-B", path, ...positionals, ...args]);
  return lines.split("\n").map((line) => JSON.parse(line));
}
