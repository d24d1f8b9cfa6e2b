/**
 * Which steps a round has, and its parts. A round never straddles two epochs, so the last round of an epoch may be
 * shorter; round and epoch numbers count from 0, and everything follows from the number of rounds committed.
 */
export interface ScheduleOptions {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly averageEvery: number;
  readonly clusterEvery: number;
}

export interface Round {
  readonly epoch: number;
  /** Steps that each shard has taken before this round. */
  readonly firstStep: number;
  /** Local steps of each shard in this round. */
  readonly steps: number;
  readonly endsEpoch: boolean;
}

/** Steps without an averaging. A round has `clusterEvery` of these, less at the end of an epoch. */
export interface Part {
  readonly firstStep: number;
  readonly steps: number;
  /** Whether it begins with the state that the round begins with. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

function stepsPerRound({ averageEvery, clusterEvery }: ScheduleOptions): number {
  return averageEvery * clusterEvery;
}

export function roundsPerEpoch(options: ScheduleOptions): number {
  return Math.ceil(options.stepsPerEpoch / stepsPerRound(options));
}

export function totalRounds(options: ScheduleOptions): number {
  return options.epochs * roundsPerEpoch(options);
}

/** The round that follows `committed` rounds. */
export function roundAt(options: ScheduleOptions, committed: number): Round {
  const perEpoch = roundsPerEpoch(options);
  const epoch = Math.floor(committed / perEpoch);
  const inEpoch = (committed % perEpoch) * stepsPerRound(options);
  const steps = Math.min(stepsPerRound(options), options.stepsPerEpoch - inEpoch);
  return {
    epoch,
    firstStep: epoch * options.stepsPerEpoch + inEpoch,
    steps,
    endsEpoch: inEpoch + steps === options.stepsPerEpoch,
  };
}

/** The parts of `round`, in order. */
export function partsOf({ averageEvery }: ScheduleOptions, { firstStep, steps }: Round): Part[] {
  return Array.from({ length: Math.ceil(steps / averageEvery) }, (_, part) => {
    const before = part * averageEvery;
    const isLast = before + averageEvery >= steps;
    return {
      firstStep: firstStep + before,
      steps: Math.min(averageEvery, steps - before),
      isFirst: part === 0,
      isLast,
    };
  });
}

/** Steps that each shard has taken after `committed` rounds. */
export function stepsAfter(options: ScheduleOptions, committed: number): number {
  return roundAt(options, committed).firstStep;
}

/** What selects the masks of dropout at `step` of `shard`: see the contract of engines. */
export function drawOf({ shards }: { readonly shards: number }, step: number, shard: number): number {
  return step * shards + shard;
}
