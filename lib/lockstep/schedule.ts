/**
 * Which steps a round has. A round never straddles two epochs, so the last round of an epoch may be shorter; round and
 * epoch numbers count from 0, and everything follows from the number of rounds committed.
 */
export interface ScheduleOptions {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly averageEvery: number;
}

export interface Round {
  readonly epoch: number;
  /** Steps that each shard has taken before this round. */
  readonly firstStep: number;
  /** Local steps of each shard in this round. */
  readonly steps: number;
  readonly endsEpoch: boolean;
}

export function roundsPerEpoch(options: ScheduleOptions): number {
  return Math.ceil(options.stepsPerEpoch / options.averageEvery);
}

export function totalRounds(options: ScheduleOptions): number {
  return options.epochs * roundsPerEpoch(options);
}

/** The round that follows `committed` rounds. */
export function roundAt(options: ScheduleOptions, committed: number): Round {
  const perEpoch = roundsPerEpoch(options);
  const epoch = Math.floor(committed / perEpoch);
  const inEpoch = (committed % perEpoch) * options.averageEvery;
  const steps = Math.min(options.averageEvery, options.stepsPerEpoch - inEpoch);
  return {
    epoch,
    firstStep: epoch * options.stepsPerEpoch + inEpoch,
    steps,
    endsEpoch: inEpoch + steps === options.stepsPerEpoch,
  };
}

/** Steps that each shard has taken after `committed` rounds. */
export function stepsAfter(options: ScheduleOptions, committed: number): number {
  return roundAt(options, committed).firstStep;
}

/** What selects the masks of dropout at `step` of `shard`: see the contract of engines. */
export function drawOf({ shards }: { readonly shards: number }, step: number, shard: number): number {
  return step * shards + shard;
}
