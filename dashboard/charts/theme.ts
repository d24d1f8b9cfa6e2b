/// <reference lib="dom" />
/** Reads colours from the stylesheet, which defines them for both schemes, for canvases, which CSS cannot style. */

export type Colour = "ink" | "muted" | "grid" | "surface" | "training" | "validation" | "third" | "fourth" | "idle";

const cache = new Map<Colour, string>();

export function colour(name: Colour): string {
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

export function onSchemeChange(changed: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    cache.clear();
    changed();
  });
}
