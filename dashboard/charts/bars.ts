/// <reference lib="dom" />
/** Creates a bar per class of a prediction, or per most likely class if it has many. */
import type { Prediction } from "../../lib/predict/types.ts";
import { create, short } from "../page/dom.ts";
import { count, percent } from "../state/format.ts";

const MOST = 6;

export function probabilityBars(
  { probabilities, class: chosen, label }: Prediction,
  labels: readonly string[],
): HTMLElement[] {
  const all = probabilities.map((probability, index) => ({ probability, index }));
  const few = all.length <= MOST;
  const shown = few ? all : [...all].sort((a, b) => b.probability - a.probability).slice(0, MOST);
  const bars = shown.map(({ probability, index }) => {
    const name = (index === chosen ? label : labels[index]) ?? `class ${index}`;
    return bar(name, probability, index === chosen);
  });
  if (few) return bars;
  const rest = 1 - shown.reduce((sum, { probability }) => sum + probability, 0);
  return [...bars, bar(`${count(all.length - MOST)} others`, Math.max(0, rest), false)];
}

function bar(name: string, probability: number, chosen: boolean): HTMLElement {
  const fill = create("span", "fill");
  fill.style.width = `${100 * probability}%`;
  const track = create("span", "track", fill);
  track.setAttribute("aria-hidden", "true");
  return create(
    "li",
    chosen ? "chosen" : "",
    short(name, "name"),
    track,
    create("span", "number", percent(probability)),
  );
}
