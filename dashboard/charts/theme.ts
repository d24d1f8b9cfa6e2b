/// <reference lib="dom" />
/** Colours for what CSS cannot reach: canvases. The stylesheet owns them all, in both schemes. */

export type Colour = "ink" | "muted" | "grid" | "surface" | "training" | "held-out" | "third" | "fourth" | "idle";

const cache = new Map<Colour, string>();

export function colour(name: Colour): string {
  let value = cache.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    cache.set(name, value);
  }
  return value;
}

/** The font of labels in a canvas. */
export function font(): string {
  return "11px system-ui, sans-serif";
}

export function onSchemeChange(changed: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    cache.clear();
    changed();
  });
}
