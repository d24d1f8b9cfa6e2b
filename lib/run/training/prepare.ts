/** Everything of a run that is made before its directory and its threads are. */
import { type Config, type TrainingConfig, trainingConfig } from "../../config/schema.ts";
import { tableConfig } from "../../data/batches/table_config.ts";
import type { TrainingData } from "../../data/batches/table.ts";
import { InputError } from "../../base/errors.ts";
import { givenVector, type GivenWeights } from "./given_weights.ts";
import { checkMemory, machineMemory, memoryNeeds } from "./memory_needs.ts";
import type { DataSource } from "./reload_data.ts";
import { parseChaos } from "../../lockstep/chaos.ts";
import { Coordinator, type MachineLink } from "../../lockstep/coordinator.ts";
import { initialStateInTurns, withBest } from "../../lockstep/initial_state.ts";
import { createPlan, type LockstepConfig, type Plan } from "../../lockstep/plan.ts";
import { sharedRun } from "../../lockstep/memory/views.ts";
import { type State, stateDigestInTurns, writeStateInTurns } from "../../lockstep/memory/state.ts";
import { initialWeightsInTurns } from "../../model/initial.ts";
import type { ParameterLayout } from "../../model/layout.ts";

/** What the way to other machines depends on. */
export interface LinkParts {
  readonly config: Config;
  readonly lockstep: LockstepConfig;
  readonly plan: Plan;
}

export interface TrainingRunOptions {
  readonly config: Config;
  /** The module that a worker runs: workers/train.ts. */
  readonly workerUrl: URL;
  /** Of a new run; without it, one is made. */
  readonly id?: string;
  /** Ends what is done before the run has a directory. What comes later ends with `stop`. */
  readonly signal?: AbortSignal;
  /** Cores of this machine. */
  readonly cores: number;
  /** What the task `table` is trained on. */
  readonly data?: TrainingData;
  /** Opens the way to other machines that take part, where there are any. */
  readonly openLink?: ((parts: LinkParts) => Promise<MachineLink>) | undefined;
  /** Where those data came from, if that was files. */
  readonly source?: DataSource;
  /** The module that the baseline's thread runs: workers/ngrams.ts. Without it there is no baseline. */
  readonly baselineUrl?: URL;
}

export interface Prepared {
  readonly lockstep: LockstepConfig;
  readonly coordinator: Coordinator;
  /** What training starts from. */
  readonly initial: State;
  readonly initialDigest: string;
  /** About the weights that were given. */
  readonly warnings: readonly string[];
}

/**
 * What is trained: of the task `table`, as its data say. Throws an InputError if the two do not go together.
 */
export function trainingFor({ config, data }: Pick<TrainingRunOptions, "config" | "data">): TrainingConfig {
  if (data) return tableConfig(trainingConfig(config), data);
  if (config.task !== "table") return trainingConfig(config);
  throw new InputError([{ field: "task", message: "task is table: expected the data that it is about" }]);
}

/**
 * The shared memory and the state in it: what `restore` finds, or else the initial one, with the weights `given` if there
 * are some. Training will end after `lastRound` rounds at the latest. Throws an InputError if that needs too much memory, or if
 * the weights are of another model.
 */
export async function prepareRun(
  { config, workerUrl, cores, data, source, openLink }: TrainingRunOptions,
  training: TrainingConfig,
  restore: (layout: ParameterLayout) => Promise<State | undefined>,
  givenWeights?: GivenWeights,
  lastRound?: number,
): Promise<Prepared> {
  const workers = config.workers === "auto" ? Math.min(cores, training.shards) : config.workers;
  const lockstep = {
    training,
    ...(data === undefined ? {} : { data }),
    ...(givenWeights ? { weightsDigest: givenWeights.digest } : {}),
    workers,
    workerTimeoutMs: config.workerTimeout * 1000,
    maxRestarts: config.maxRestarts,
    chaos: parseChaos(config.chaos),
    spin: workers <= cores,
    ...(lastRound === undefined ? {} : { lastRound }),
    ...(openLink ? { remote: true } : {}),
  };
  const plan = createPlan(lockstep);
  // Before the initial weights, which would take as much.
  const judged = source ? source.validation.table.labels.length + (source.test?.table.labels.length ?? 0) : 0;
  checkMemory(memoryNeeds(lockstep, plan, judged), workers, machineMemory());
  const names = { labels: plan.dataset.labels, vocabulary: source?.preprocessing.vocabulary };
  const drawn = () => initialWeightsInTurns(plan.spec, plan.layout, training);
  const { vector: given, warnings = [] } = givenWeights ? await givenVector(givenWeights, plan, names, drawn) : {};
  const found = await restore(plan.layout) ?? await initialStateInTurns(plan, training, given);
  const initial = withBest(plan, training, found, given);
  const initialDigest = await stateDigestInTurns(initial);
  const run = sharedRun(plan.map);
  await writeStateInTurns(run, initial);
  const link = await openLink?.({ config, lockstep, plan });
  const coordinator = new Coordinator({ config: lockstep, workerUrl, initial, run, given, link });
  return { lockstep, initial, initialDigest, coordinator, warnings };
}
