/** Prepares a run before it has a directory and threads: checks its memory, and sets up its initial state. */
import { type Config, type TrainingConfig, trainingConfig } from "../../config/schema.ts";
import { tableConfig } from "../../data/batches/table_config.ts";
import { countLabels } from "../../data/batches/class_weights.ts";
import { rowsOf, type TrainingData } from "../../data/batches/table.ts";
import type { NativeLibrary } from "../../engine/contract.ts";
import { checkInstalled } from "../../engine/create_engine.ts";
import type { LoadedPart } from "../../data/encode/assemble.ts";
import { inputError } from "../../base/errors.ts";
import { givenVector, type GivenWeights } from "./given_weights.ts";
import { machineMemory } from "../../platform/permissions.ts";
import { checkMemory, memoryNeeds, muchMemory } from "./memory_needs.ts";
import type { DataSource } from "./run_data.ts";
import { parseChaos } from "../../lockstep/chaos.ts";
import { Coordinator, type MachineLink } from "../../lockstep/coordinator.ts";
import { initialStateInTurns, withBest } from "../../lockstep/initial_state.ts";
import { createPlan, type LockstepConfig, type Plan } from "../../lockstep/plan.ts";
import { momentSets } from "../../lockstep/memory/map.ts";
import { sharedRun } from "../../lockstep/memory/views.ts";
import { type State, stateDigestInTurns, writeStateInTurns } from "../../lockstep/memory/state.ts";
import { initialWeightsInTurns, setLabelOdds, setTokenVectors } from "../../model/initial.ts";
import type { ParameterLayout } from "../../model/layout.ts";

/** The parts of a run that a connection to other machines needs. */
export interface LinkParts {
  readonly config: Config;
  readonly lockstep: LockstepConfig;
  readonly plan: Plan;
}

export interface TrainingRunOptions {
  readonly config: Config;
  /** The module that a worker runs: workers/train.ts. */
  readonly workerUrl: URL;
  /** The id of a new run. Without it, the run makes one. */
  readonly id?: string;
  /** Says that the new run may be discarded: it does not become `runs/latest`. */
  readonly isCandidate?: boolean;
  /** Ends the preparation of a run, before it has a directory. Later, `stop` ends the run. */
  readonly signal?: AbortSignal;
  /** Cores of this machine. */
  readonly cores: number;
  /** The native kernels of the engine simd, if it has any. */
  readonly native?: NativeLibrary | undefined;
  /** The training data of the task `table`. */
  readonly data?: TrainingData;
  /** Connects to the other machines of the run, if there are any. */
  readonly openLink?: ((parts: LinkParts) => Promise<MachineLink>) | undefined;
  /** The source of the data, if they come from files. */
  readonly source?: DataSource;
  /** The module that the baseline's thread runs: workers/ngrams.ts. Without it there is no baseline. */
  readonly baselineUrl?: URL;
}

export interface Prepared {
  readonly lockstep: LockstepConfig;
  readonly coordinator: Coordinator;
  /** The state that training starts from. */
  readonly initial: State;
  readonly initialDigest: string;
  /** Warnings about the given weights, and about memory. */
  readonly warnings: readonly string[];
}

/**
 * Returns the config of the training, for the task `table` with the sizes of its data. Throws an InputError without data, or
 * without the packages of its engine.
 */
export function trainingFor(
  { config, data, source }: Pick<TrainingRunOptions, "config" | "data" | "source">,
): TrainingConfig {
  checkInstalled(config);
  if (data) {
    const width = source?.vectors?.width;
    if (width !== undefined && width !== config.embedding) {
      const message = `embedding is ${config.embedding}: expected ${width}, the width of \`vectors\`, or no value`;
      throw inputError("embedding", message);
    }
    return tableConfig(trainingConfig(config), data);
  }
  if (config.task !== "table") return trainingConfig(config);
  throw inputError("task", "task is table: expected its data");
}

/** The parts of a run that not every run has. */
interface RunParts {
  /** Reads the state of a resumed run, or undefined if it has none. */
  readonly restore?: (layout: ParameterLayout) => Promise<State | undefined>;
  /** The weights that training starts from. */
  readonly given?: GivenWeights | undefined;
  /** The round after which training ends at the latest. */
  readonly lastRound?: number;
}

/**
 * Allocates the shared memory and writes the state to it: the restored one, or else the initial one with the given weights.
 * Throws an InputError if the run needs too much memory, or if the weights are of another model.
 */
export async function prepareRun(
  { config, workerUrl, cores, native, data, source, openLink }: TrainingRunOptions,
  training: TrainingConfig,
  { restore, given: givenWeights, lastRound }: RunParts,
): Promise<Prepared> {
  const workers = config.workers === "auto" ? Math.min(cores, training.shards) : config.workers;
  const lockstep = {
    training,
    ...data && { data },
    ...givenWeights && { weightsDigest: givenWeights.digest },
    workers,
    workerTimeoutMs: config.workerTimeout * 1000,
    maxRestarts: config.maxRestarts,
    chaos: parseChaos(config.chaos),
    spin: workers <= cores,
    ...native && training.engine === "simd" && { native },
    ...(lastRound === undefined ? {} : { lastRound }),
    ...openLink && { remote: true },
  };
  const plan = createPlan(lockstep);
  // This comes before the initial weights, which may need as much memory.
  const rowsIn = (part: LoadedPart | undefined) => part ? rowsOf(part.table) : 0;
  const tokensIn = (part: LoadedPart | undefined) => part?.table.tokens.length ?? 0;
  const needs = memoryNeeds(lockstep, plan, {
    tokens: tokensIn(source?.training) + tokensIn(source?.validation),
    validation: rowsIn(source?.validation),
    test: rowsIn(source?.test),
  });
  checkMemory(needs, workers, machineMemory());
  const vectors = source?.vectors;
  const target = {
    ...plan,
    sets: momentSets(plan.map),
    names: { labels: plan.dataset.labels, vocabulary: source?.preprocessing.vocabulary },
    firstVector: vectors?.first ?? plan.dataset.vocabulary,
  };
  const several = data?.training.labelOffsets && training.biasInit === "frequency" ? data.training : undefined;
  const drawn = async () => {
    const weights = await initialWeightsInTurns(plan.spec, plan.layout, training);
    if (vectors) setTokenVectors(weights, plan.layout, training, vectors);
    if (several) {
      setLabelOdds(weights, plan.layout, countLabels(several.labels, plan.spec.classes), rowsOf(several));
    }
    return weights;
  };
  const { vector: given, warnings = [] } = givenWeights
    ? await givenVector(givenWeights, target, drawn)
    : vectors || several
    ? { vector: await drawn() }
    : {};
  const found = await restore?.(plan.layout) ?? await initialStateInTurns(plan, training, given);
  const initial = withBest(plan, training, found, given);
  const initialDigest = await stateDigestInTurns(initial);
  const run = sharedRun(plan.map);
  await writeStateInTurns(run, initial);
  const link = await openLink?.({ config, lockstep, plan });
  const coordinator = new Coordinator({ config: lockstep, workerUrl, initial, run, given, link });
  return { lockstep, initial, initialDigest, coordinator, warnings: [...warnings, ...muchMemory(needs, workers)] };
}
