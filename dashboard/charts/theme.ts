/// <reference lib="dom" />
/** Reads colours from the stylesheet, which defines them for both schemes, for canvases, which CSS cannot style. */
import { signal } from "@preact/signals";

export type Colour = "ink" | "muted" | "grid" | "surface" | "training" | "validation" | "third" | "fourth" | "idle";

const cache = new Map<string, string>();

/** Counts changes of the colour scheme: charts are drawn again. */
export const schemes = signal(0);

export function colour(name: Colour | `${Colour}-faint`): string {
  let value = cache.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    cache.set(name, value);
  }
  return value;
}

/** Returns the font of labels in a canvas. */
export function font(): string {
  return "11px system-ui, sans-serif";
}

export function onSchemeChange(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    cache.clear();
    schemes.value++;
  });
}
