/** Chooses the ticks of axes. */

/** Distances between ticks that count time, in seconds. */
export const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800];

/** Distances between ticks that count things. */
export const WHOLE = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** Keeps those ticks of a logarithmic axis that are powers of ten, or 1, 2 and 5 times one if only one is. */
export function decades(ticks: readonly number[]): (number | null)[] {
  const wanted = ticks.filter((tick) => leading(tick) === 1).length >= 2 ? [1] : [1, 2, 5];
  return ticks.map((tick) => wanted.includes(leading(tick)) ? tick : null);
}

/** Returns the first digit. */
function leading(value: number): number {
  return Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9));
}
