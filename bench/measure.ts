/** Defines stages, turns and statistics of measurements, as pure functions that tests call without a clock. */

/** Marks a moment: the time, and the steps counted so far. */
export interface Mark {
  readonly seconds: number;
  readonly steps: number;
}

/** Describes a part of a measurement, which lasts until both are reached. */
export interface Stage {
  readonly seconds: number;
  readonly steps: number;
}

/** Describes a measurement: the warm-up, the part that counts, and the limit. */
export interface Stages {
  readonly warmUp: Stage;
  readonly measured: Stage;
  /** Ends a measurement that takes more seconds. */
  readonly limitSeconds: number;
}

/** Counts the least steps: a single one says too little; two at least confirm each other. */
export const LEAST_STEPS = 2;

/** Limits the warm-up from below: V8 optimizes hot code meanwhile, on the measured cores. */
const LEAST_WARM_UP_SECONDS = 1;

/** Returns stages that measure for `seconds` after a warm-up of at least a step: a quarter of that time, at least a second. */
export function stagesOf(
  seconds: number,
  limitSeconds: number,
  warmUpSeconds = Math.max(LEAST_WARM_UP_SECONDS, seconds / 4),
): Stages {
  return {
    warmUp: { seconds: warmUpSeconds, steps: 1 },
    measured: { seconds, steps: LEAST_STEPS },
    limitSeconds: Math.max(limitSeconds, 2 * seconds + warmUpSeconds),
  };
}

export function isOver({ seconds, steps }: Stage, since: Mark, now: Mark): boolean {
  return now.seconds - since.seconds >= seconds && now.steps - since.steps >= steps;
}

/** Returns the seconds that a measurement of steps of `secondsPerStep` takes. */
export function expectedSeconds({ warmUp, measured }: Stages, secondsPerStep: number): number {
  const stage = ({ seconds, steps }: Stage) => Math.max(seconds, steps * secondsPerStep);
  return stage(warmUp) + stage(measured);
}

/** Returns the value below which the fraction `q` of `values` lies, with linear interpolation. Throws without values. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError("A quantile needs at least one value");
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Returns the first and third quartile, between which the middle half of the values lies. */
export function quartiles(values: readonly number[]): readonly [number, number] {
  return [quantile(values, 0.25), quantile(values, 0.75)];
}

interface Ratio {
  /** The median over the median. */
  readonly ratio: number;
  /**
   * The median of the ratios of pairs that were measured one after the other: better for short turns, as a machine that is
   * slow for a while slows both of a pair.
   */
  readonly paired: number;
  /** The first and third quartile of these ratios. */
  readonly quartiles: readonly [number, number];
}

/** Returns the ratio of `a` to `b`, measured in turns. The pairs end with the shorter of the two. */
export function ratioOf(a: readonly number[], b: readonly number[]): Ratio {
  const pairs = a.slice(0, b.length).map((value, index) => value / b[index]!);
  return { ratio: median(a) / median(b), paired: median(pairs), quartiles: quartiles(pairs) };
}

/**
 * Takes turns: measures each of `things` once, then each again, `repeats` times, so that a machine that is slow for a while
 * slows all of them. `measure` returns whether the thing gets another turn.
 */
export async function alternate<Thing>(
  things: readonly Thing[],
  repeats: number,
  measure: (thing: Thing, repeat: number) => Promise<boolean>,
): Promise<void> {
  const going = new Set(things);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const thing of things) {
      if (going.has(thing) && !await measure(thing, repeat)) going.delete(thing);
    }
  }
}
