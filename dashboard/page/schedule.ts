/// <reference lib="dom" />

/** Minimum time between two draws: people do not read faster, and a replayed history must not draw every event. */
const BETWEEN_MS = 100;

/** Returns a function that calls `draw` soon, in an animation frame: once for any number of calls before it. */
export function scheduler(draw: () => void): () => void {
  let isScheduled = false;
  let last = -Infinity;
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(() =>
      requestAnimationFrame((now) => {
        isScheduled = false;
        last = now;
        draw();
      }), Math.max(0, last + BETWEEN_MS - performance.now()));
  };
}
