/** Lists the contestants: the engines on one worker and on two, plain tfjs, and variants of PyTorch. */
import type { BenchEngine } from "./engines.ts";
import { measureLockstep, openLockstep, type StepMetrics, type Turns } from "./lockstep.ts";
import type { Stages } from "../measure.ts";
import { measurePytorch, type PytorchOptions } from "../peers/pytorch.ts";
import { measureStockTfjs } from "../peers/stock_tfjs.ts";
import type { Shape } from "./shapes.ts";

export interface Contestant {
  readonly name: string;
  /** Its name in the head of a column, among contestants with as many cores. */
  readonly title: string;
  /** An engine's name, `stock tfjs` or `PyTorch`. */
  readonly family: string;
  /** Counts the cores that it keeps busy: only contestants with as many are compared. */
  readonly cores: number;
  /** Is true if others are compared with it. */
  readonly baseline: boolean;
  open(shape: Shape, stages: Stages): Promise<Turns>;
}

/** Makes turns that restart the contestant each time. */
function anew(take: () => Promise<StepMetrics>): Promise<Turns> {
  return Promise.resolve({ take, close: () => Promise.resolve() });
}

/** Lists variants of PyTorch. Its matrix library uses every core by default, independently of PyTorch's own threads. */
export const PYTORCH: readonly { readonly name: string; readonly cores: number; readonly options: PytorchOptions }[] = [
  { name: "PyTorch 1 thread", cores: 1, options: { threads: 1, blasThreads: 1, processes: 1 } },
  { name: "PyTorch 2 threads", cores: 2, options: { threads: 2, blasThreads: 2, processes: 1 } },
  { name: "PyTorch 1 + BLAS 2", cores: 2, options: { threads: 1, blasThreads: 2, processes: 1 } },
  { name: "PyTorch DDP", cores: 2, options: { threads: 1, blasThreads: 1, processes: 2 } },
];

/** Lists the numbers of workers with which the engines are measured. */
const WORKERS = [1, 2] as const;

export function engineContestants(engines: readonly BenchEngine[]): Contestant[] {
  return WORKERS.flatMap((workers) =>
    engines.map(({ name, config, native, baseline }): Contestant => ({
      name: `${name}, ${workers} worker${workers === 1 ? "" : "s"}`,
      title: name,
      family: name,
      cores: workers,
      baseline,
      open: (shape, stages) => anew(() => measureLockstep({ engine: config, native, shape, workers, stages })),
    }))
  );
}

/** Counts the shards of the run that scaling measures: the default. */
const SCALING_SHARDS = 4;

/** Lists the uses of cores that scaling compares; `apart` is two independent runs of one worker each. */
const SCALING = ["one", "two", "apart"] as const;

export interface ScalingContestant extends Contestant {
  readonly scaling: typeof SCALING[number];
}

/** Makes the same run on one worker and on two, and two independent runs, which show what the machine can do at the time. */
export function scalingContestants(engines: readonly BenchEngine[]): ScalingContestant[] {
  return engines.flatMap(({ name, config, native }) =>
    SCALING.map((scaling): ScalingContestant => ({
      name: `${name}, ${SCALING_SHARDS} shards, ${
        { one: "1 worker", two: "2 workers", apart: "2 runs apart" }[scaling]
      }`,
      title: name,
      family: name,
      cores: scaling === "one" ? 1 : 2,
      baseline: false,
      scaling,
      open: (shape, stages) =>
        openLockstep(
          { engine: config, native, shape, shards: SCALING_SHARDS, workers: scaling === "two" ? 2 : 1, stages },
          scaling === "apart" ? 2 : 1,
        ),
    }))
  );
}

export function pytorchContestants(): Contestant[] {
  return PYTORCH.map(({ name, cores, options }): Contestant => ({
    name,
    title: name,
    family: "PyTorch",
    cores,
    baseline: true,
    open: (shape, stages) => anew(() => measurePytorch(options, shape, stages)),
  }));
}

/** Makes the contestants of plain tfjs, which has one thread here. */
export function stockTfjsContestants(): Contestant[] {
  return (["wasm", "cpu"] as const).map((backend): Contestant => ({
    name: `stock tfjs/${backend}`,
    title: `stock tfjs/${backend}`,
    family: "stock tfjs",
    cores: 1,
    baseline: true,
    open: (shape, stages) => anew(() => measureStockTfjs(backend, shape, stages)),
  }));
}
