/// <reference lib="dom" />

/** People do not read faster, and a replay of a long history must not draw its every event. */
const BETWEEN_MS = 100;

/** Gives a function that asks for `draw` soon: once for any number of calls, in an animation frame. */
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
