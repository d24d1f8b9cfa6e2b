/** How figures are taken and summed up: pure, so that it can be tested without a clock. */

/** A moment of something that counts its steps. */
export interface Mark {
  readonly seconds: number;
  readonly steps: number;
}

/** A part of a measurement: it lasts until both are reached. */
export interface Stage {
  readonly seconds: number;
  readonly steps: number;
}

/** A measurement: what is taken and thrown away, what counts, and when to give up. */
export interface Stages {
  readonly warmUp: Stage;
  readonly measured: Stage;
  /** Seconds after which a measurement that has not ended is given up. */
  readonly limitSeconds: number;
}

/** A single step says too little; two show at least that the first was no accident. */
export const LEAST_STEPS = 2;

/** Of a warm-up: V8 compiles what runs often once more meanwhile, on the cores that are measured. */
const LEAST_WARM_UP_SECONDS = 1;

/** Stages that measure for `seconds`, after a warm-up of so long and at least a step: a quarter of it or a second. */
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

/** Seconds that a measurement takes of something with `secondsPerStep`. */
export function expectedSeconds({ warmUp, measured }: Stages, secondsPerStep: number): number {
  const stage = ({ seconds, steps }: Stage) => Math.max(seconds, steps * secondsPerStep);
  return stage(warmUp) + stage(measured);
}

/** The value that a share `q` (0 to 1) of `values` lies below, between neighbours in proportion. Throws if there are none. */
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

/** First and third quartile: the middle half of what was measured lies between them. */
export function quartiles(values: readonly number[]): readonly [number, number] {
  return [quantile(values, 0.25), quantile(values, 0.75)];
}

interface Ratio {
  /** Median over median. */
  readonly ratio: number;
  /**
   * The median of the ratios of pairs that were measured one after the other: to be preferred where turns are short, as
   * what slows the machine down for a while is in both of a pair.
   */
  readonly paired: number;
  /** First and third quartile of those. */
  readonly quartiles: readonly [number, number];
}

/**
 * How much greater `a` is than `b`, whose values were taken in turns. Where one has fewer values, the pairs end with it.
 */
export function ratioOf(a: readonly number[], b: readonly number[]): Ratio {
  const pairs = a.slice(0, b.length).map((value, index) => value / b[index]!);
  return { ratio: median(a) / median(b), paired: median(pairs), quartiles: quartiles(pairs) };
}

/**
 * Takes turns: every one of `things` once, then every one again, `repeats` times. What slows the machine down for a while
 * so meets all of them. `measure` says whether the thing should get another turn.
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
