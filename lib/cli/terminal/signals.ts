/** SIGINT, SIGTERM and SIGHUP, which all mean: end cleanly. */

export interface Interruption {
  /** Resolves at the first signal. */
  readonly happened: Promise<void>;
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** As a first signal does. */
  interrupt(): void;
}

/** What listens to signals: the runtime, or a test. */
export interface SignalSource {
  readonly add: (signal: Deno.Signal, listener: () => void) => void;
  /** Milliseconds of a clock that is never set. */
  readonly now: () => number;
  /** Whether there is a terminal that may be closed. A process without one, as under nohup, is to outlive it. */
  readonly isOnTerminal: boolean;
}

/**
 * One press of Ctrl-C arrives more than once: from the terminal, which sends it to the whole group, and again from the
 * task runner that forwards it. Somebody's second wish comes later than this.
 */
export const ONE_PRESS_MS = 500;

const SYSTEM: SignalSource = {
  add: Deno.addSignalListener,
  now: () => performance.now(),
  isOnTerminal: [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal()),
};

/**
 * Calls `onAgain` at a SIGINT or SIGTERM that comes half a second after the first signal or later, for those who cannot
 * wait for a clean end. A terminal that closes is never a reason to end otherwise. It listens until the process ends:
 * what arrives while a clean end is under way must not undo it.
 */
export function onInterruption(onAgain: () => void, source: SignalSource = SYSTEM): Interruption {
  const { promise, resolve } = Promise.withResolvers<void>();
  const aborting = new AbortController();
  let firstAt: number | undefined;
  const interrupt = () => {
    firstAt ??= source.now();
    aborting.abort();
    resolve();
  };
  const urgent = () => {
    if (firstAt === undefined) interrupt();
    else if (source.now() - firstAt >= ONE_PRESS_MS) onAgain();
  };
  const listeners: [Deno.Signal, () => void][] = [["SIGINT", urgent], ["SIGTERM", urgent]];
  if (source.isOnTerminal) listeners.push(["SIGHUP", interrupt]);
  for (const [signal, listener] of listeners) source.add(signal, listener);
  return {
    happened: promise,
    signal: aborting.signal,
    interrupt,
  };
}
