/** The vertical axes that several charts share: their units, and how their values are written. */
import { compact, count, loss, percent } from "../../lib/report/format.ts";

export interface Measure {
  readonly unit: string;
  readonly text: (value: number | null) => string;
  readonly tick: (value: number) => string;
  /** Returns the limits of the axis from those of the data; by default from 0. */
  readonly range?: (min: number, max: number) => [number, number];
  readonly isLogarithmic?: boolean;
}

export const LOSS: Measure = {
  unit: "cross-entropy",
  text: loss,
  tick: (value) => String(Number(value.toPrecision(3))),
};

export const LOG_LOSS: Measure = { ...LOSS, isLogarithmic: true };

export const ACCURACY: Measure = {
  unit: "% correct",
  text: percent,
  tick: (value) => String(Number((100 * value).toFixed(1))),
  // From the tenth below the lowest accuracy up to 100 %, as small differences near the top matter.
  range: (min, max) => {
    const lowest = max - min < 0.03 ? min - 0.01 : Math.floor(10 * (min - 0.02)) / 10;
    return [Math.max(0, lowest), Math.min(1, max + 0.01)];
  },
};

export const RATE: Measure = { unit: "sequences/s", text: count, tick: compact };

export const SHARE: Measure = {
  unit: "% of time",
  text: (value) => percent(value, 1),
  tick: (value) => String(Number((100 * value).toPrecision(2))),
  range: (_min, max) => [0, Math.min(1, Math.max(0.01, 1.15 * max))],
};
