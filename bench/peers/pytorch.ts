/** PyTorch as a peer: its measurements are taken by the two Python scripts in this folder. */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { errorMessage } from "../../lib/base/errors.ts";
import { output } from "../command.ts";
import type { StepFigures } from "../train/lockstep.ts";
import type { Stages } from "../measure.ts";
import { type Shape, VOCABULARY } from "../train/shapes.ts";

/** Debian's own, where its package python3-torch is. */
const PYTHON = "/usr/bin/python3";

/** How PyTorch spreads over cores. */
export interface PytorchOptions {
  readonly threads: number;
  /** Threads of its matrix library, which it leaves alone otherwise. */
  readonly blasThreads: number;
  /** More than 1: DistributedDataParallel, with a batch in each process. */
  readonly processes: number;
}

export type Availability = { readonly version: string } | { readonly reason: string };

/** PyTorch's version, or why it cannot be compared with here. */
export async function findPytorch(): Promise<Availability> {
  try {
    return { version: await output(PYTHON, ["-c", "import torch; print(torch.__version__)"]) };
  } catch (error) {
    const reason = errorMessage(error).split("\n").at(-1)!;
    return { reason: `PyTorch is left out: ${PYTHON} has no torch, try apt-get install python3-torch (${reason})` };
  }
}

const stepLine = z.object({ steps: z.int(), ms_per_step: z.number(), sequences_per_second: z.number() });

/** Measures steps of `shape` for about as long as the stages say. */
export async function measurePytorch(
  options: PytorchOptions,
  shape: Shape,
  { warmUp, measured }: Stages,
): Promise<StepFigures> {
  const times = { "warm-up": warmUp.seconds, seconds: measured.seconds };
  const flags = { ...threadFlags(options), processes: options.processes, ...shape, vocabulary: VOCABULARY, ...times };
  const [line] = await script("pytorch.py", flags);
  const { steps, ms_per_step: msPerStep, sequences_per_second: sequencesPerSecond } = stepLine.parse(line);
  return { msPerStep, sequencesPerSecond, steps, wait: null, average: null };
}

const textLine = z.object({ steps: z.int(), sequencesPerSecond: z.number() });

/** Sequences a second on the encoded rows in `folder`; `flags` are those of the script. */
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

/** Learns the default recipe once. */
export async function learnParity(options: PytorchOptions, seed: number): Promise<PytorchParity> {
  const [line] = await script("pytorch_parity.py", { ...threadFlags(options), seeds: seed });
  return parityLine.parse(line);
}

function threadFlags({ threads, blasThreads }: PytorchOptions) {
  return { threads, "blas-threads": blasThreads };
}

/** The JSON lines that a script of this folder prints. */
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
