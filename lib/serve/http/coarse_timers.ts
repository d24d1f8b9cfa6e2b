/** Shares one timer of the runtime among all that end within 10 ms: each stream needs several, and a timer costs as much as a write. */

const GRAIN_MS = 10;

interface Moment {
  readonly timer: ReturnType<typeof setTimeout>;
  readonly waiting: Set<() => void>;
}

/** By their number: 10 ms units since the process began. */
const moments = new Map<number, Moment>();

/** Calls `callback` after `milliseconds` or up to 10 more. Returns a function that cancels it. */
export function coarseTimer(milliseconds: number, callback: () => void): () => void {
  const now = performance.now();
  const number = Math.ceil((now + milliseconds) / GRAIN_MS);
  let moment = moments.get(number);
  if (!moment) {
    const timer = setTimeout(() => end(number), number * GRAIN_MS - now);
    moment = { timer, waiting: new Set() };
    moments.set(number, moment);
  }
  const { timer, waiting } = moment;
  // A new function each time: the same callback may wait twice for one moment.
  const call = () => callback();
  waiting.add(call);
  return () => {
    if (!waiting.delete(call) || waiting.size > 0 || moments.get(number)?.timer !== timer) return;
    clearTimeout(timer);
    moments.delete(number);
  };
}

function end(number: number): void {
  const { waiting } = moments.get(number)!;
  moments.delete(number);
  for (const call of waiting) call();
}
