/** SIGINT and SIGTERM, which both mean: end cleanly. */

export interface Interruption {
  /** Resolves at the first signal. */
  readonly happened: Promise<void>;
  /** As a first signal does. */
  interrupt(): void;
  /** Gives the signals back to the system. */
  dispose(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Calls `onAgain` at every signal but the first, for those who cannot wait for a clean end. */
export function onInterruption(onAgain: () => void): Interruption {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const listener = () => {
    if (count++ === 0) resolve();
    else onAgain();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, listener);
  return {
    happened: promise,
    interrupt: resolve,
    dispose: () => SIGNALS.forEach((signal) => Deno.removeSignalListener(signal, listener)),
  };
}
