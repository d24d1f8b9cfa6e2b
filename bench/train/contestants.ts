/** All that is measured against each other: the engines on one worker and on two, plain tfjs, and PyTorch in its ways. */
import type { BenchEngine } from "./engines.ts";
import { measureLockstep, openLockstep, type StepFigures, type Turns } from "./lockstep.ts";
import type { Stages } from "../measure.ts";
import { measurePytorch, type PytorchOptions } from "../peers/pytorch.ts";
import { measureStockTfjs } from "../peers/stock_tfjs.ts";
import type { Shape } from "./shapes.ts";

export interface Contestant {
  readonly name: string;
  /** Its name in the head of a column, among those with as many cores. */
  readonly title: string;
  /** An engine's name, `stock tfjs` or `PyTorch`. */
  readonly family: string;
  /** Cores that it keeps busy: only those with as many are compared. */
  readonly cores: number;
  /** Whether others are compared with it. */
  readonly baseline: boolean;
  open(shape: Shape, stages: Stages): Promise<Turns>;
}

/** Turns that have nothing in common: each starts anew. */
function anew(take: () => Promise<StepFigures>): Promise<Turns> {
  return Promise.resolve({ take, close: () => Promise.resolve() });
}

/** The ways of PyTorch. Its matrix library takes every core unless told otherwise, whatever PyTorch's own threads are. */
export const PYTORCH: readonly { readonly name: string; readonly cores: number; readonly options: PytorchOptions }[] = [
  { name: "PyTorch 1 thread", cores: 1, options: { threads: 1, blasThreads: 1, processes: 1 } },
  { name: "PyTorch 2 threads", cores: 2, options: { threads: 2, blasThreads: 2, processes: 1 } },
  { name: "PyTorch 1 + BLAS 2", cores: 2, options: { threads: 1, blasThreads: 2, processes: 1 } },
  { name: "PyTorch DDP", cores: 2, options: { threads: 1, blasThreads: 1, processes: 2 } },
];

/** Workers that the engines are measured with. */
const WORKERS = [1, 2] as const;

export function engineContestants(engines: readonly BenchEngine[]): Contestant[] {
  return WORKERS.flatMap((workers) =>
    engines.map(({ name, config, baseline }): Contestant => ({
      name: `${name}, ${workers} worker${workers === 1 ? "" : "s"}`,
      title: name,
      family: name,
      cores: workers,
      baseline,
      open: (shape, stages) => anew(() => measureLockstep({ engine: config, shape, workers, stages })),
    }))
  );
}

/** Shards of the run that is given one worker and two: the default. */
const SCALING_SHARDS = 4;

/** How the cores are used where scaling is measured; `apart` is two runs of one worker each, which never wait for each other. */
const SCALING = ["one", "two", "apart"] as const;

export interface ScalingContestant extends Contestant {
  readonly scaling: typeof SCALING[number];
}

/** One and the same run on one worker and on two, and what the machine has to give just then. */
export function scalingContestants(engines: readonly BenchEngine[]): ScalingContestant[] {
  return engines.flatMap(({ name, config }) =>
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
          { engine: config, shape, shards: SCALING_SHARDS, workers: scaling === "two" ? 2 : 1, stages },
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

/** Plain tfjs has one thread here. */
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
