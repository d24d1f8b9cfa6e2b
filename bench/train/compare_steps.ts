/** Measures steps of every contestant on every shape, in turns. */
import type { Contestant } from "./contestants.ts";
import { failedTurn } from "../command.ts";
import { type StepMetrics, TooSlow, type Turns } from "./lockstep.ts";
import { alternate, expectedSeconds, median, type Stages } from "../measure.ts";
import { flopsPerSequence, type Shape, shapeName } from "./shapes.ts";

export interface StepResult<Measured extends Contestant = Contestant> {
  readonly contestant: Measured;
  readonly shape: Shape;
  /** One per repeat; none if it was left out. */
  readonly metrics: readonly StepMetrics[];
  /** Says why it was left out, or measured fewer times. */
  readonly note?: string;
}

interface StepOptions<Measured extends Contestant> {
  readonly contestants: readonly Measured[];
  /** From small to large: a contestant that is too slow for a large one is known from the small ones. */
  readonly shapes: readonly Shape[];
  readonly repeats: number;
  readonly stages: Stages;
  /** Runs before each measurement. */
  readonly progress: (text: string) => void;
}

/** Measures all of them, and yields the results of one shape at a time. */
export async function* measureSteps<Measured extends Contestant>(
  options: StepOptions<Measured>,
): AsyncGenerator<StepResult<Measured>[], void, void> {
  const { contestants, shapes, repeats, stages, progress } = options;
  /** The most useful operations per second that each contestant has reached so far. */
  const rates = new Map<Contestant, number>();
  for (const shape of shapes) {
    const metrics = new Map<Contestant, StepMetrics[]>(contestants.map((contestant) => [contestant, []]));
    const notes = new Map<Contestant, string>();
    const open = new Map<Contestant, Turns>();
    const take = async (contestant: Contestant) => {
      const turns = open.get(contestant) ?? await contestant.open(shape, stages);
      open.set(contestant, turns);
      return await turns.take();
    };
    /** Ends a contestant that gets no other turn, or restarts in it, so that it does not slow the others. */
    const close = async (contestant: Contestant) => {
      await open.get(contestant)?.close();
      open.delete(contestant);
    };
    await alternate(contestants, repeats, async (contestant, repeat) => {
      const rate = rates.get(contestant);
      const estimate = rate === undefined ? 0 : shape.batch * contestant.cores * flopsPerSequence(shape) / rate;
      if (repeat === 0 && expectedSeconds(stages, estimate) > stages.limitSeconds) {
        notes.set(contestant, `left out: a step would take about ${Math.round(estimate)} s`);
        return false;
      }
      progress(`${shapeName(shape)}: ${contestant.name}, ${repeat + 1} of ${repeats}`);
      try {
        const measured = await take(contestant);
        metrics.get(contestant)!.push(measured);
        rates.set(contestant, Math.max(rate ?? 0, measured.sequencesPerSecond * flopsPerSequence(shape)));
        // Decided once: a contestant that is slow for a while keeps its number of turns.
        const slow = repeat === 0 &&
          expectedSeconds(stages, measured.msPerStep / 1000) > 2 * expectedSeconds(stages, 0);
        if (slow && repeats > 1) notes.set(contestant, `measured once, over ${measured.steps} steps`);
        if (slow) await close(contestant);
        return !slow;
      } catch (error) {
        await close(contestant);
        if (error instanceof TooSlow) {
          notes.set(contestant, `left out: ${error.message}`);
          return false;
        }
        notes.set(contestant, failedTurn(error, repeat));
        return true;
      }
    });
    for (const contestant of contestants) await close(contestant);
    yield contestants.map((contestant) => {
      const note = notes.get(contestant);
      return { contestant, shape, metrics: metrics.get(contestant)!, ...(note !== undefined && { note }) };
    });
  }
}

/** Returns the median over the repeats; undefined without measurements. */
export function medianOf(
  result: StepResult,
  metric: "msPerStep" | "sequencesPerSecond" | "wait" | "average",
): number | undefined {
  const values = result.metrics.map((metrics) => metrics[metric]).filter((value) => value !== null);
  return values.length === 0 ? undefined : median(values);
}
