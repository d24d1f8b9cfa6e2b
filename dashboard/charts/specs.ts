/** Specifications of the curves that several views share. */
import { loss, percent } from "../../lib/report/format.ts";
import type { ChartSpec } from "./chart.ts";

/** Returns limits from the tenth below the lowest accuracy up to 100 %, as small differences near the top matter. */
function accuracyRange(min: number, max: number): [number, number] {
  const lowest = max - min < 0.03 ? min - 0.01 : Math.floor(10 * (min - 0.02)) / 10;
  return [Math.max(0, lowest), Math.min(1, max + 0.01)];
}

export const LOSS: Omit<ChartSpec, "lines"> = {
  unit: "cross-entropy",
  value: loss,
  tick: (value) => String(Number(value.toPrecision(3))),
};

export const ACCURACY: Omit<ChartSpec, "lines"> = {
  unit: "% correct",
  value: percent,
  tick: (value) => String(Number((100 * value).toFixed(1))),
  range: accuracyRange,
};
