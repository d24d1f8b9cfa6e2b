/// <reference lib="dom" />

/** Minimum time between two draws: people do not read faster, and a replayed history must not draw every event. */
const BETWEEN_MS = 100;

/** Returns a function that calls `draw` soon, in an animation frame: once for any number of calls before it. */
export function scheduler(draw: () => void): () => void {
  let asked = false;
  let last = -Infinity;
  return () => {
    if (asked) return;
    asked = true;
    setTimeout(() =>
      requestAnimationFrame((now) => {
        asked = false;
        last = now;
        draw();
      }), Math.max(0, last + BETWEEN_MS - performance.now()));
  };
}
