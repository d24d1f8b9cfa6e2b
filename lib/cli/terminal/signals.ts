/** Turns SIGINT, SIGTERM and SIGHUP into a clean end of the process. */
import { isTerminal, onSignal, type Signal } from "../../platform/terminal.ts";

interface Interruption {
  /** Resolves at the first signal. */
  readonly happened: Promise<void>;
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Does what a first signal does. */
  interrupt(): void;
}

/** Delivers signals: the runtime, or a test. */
interface SignalSource {
  readonly add: (signal: Signal, listener: () => void) => void;
  /** Returns the milliseconds of a monotonic clock, from its first call on. */
  readonly now: () => number;
  /** Tells whether the process has a terminal, whose closing ends it. A process without one, as under nohup, survives it. */
  readonly isOnTerminal: boolean;
}

/**
 * One press of Ctrl-C arrives several times: from the terminal, which signals the whole process group, and again from the
 * task runner that forwards it. A second press arrives later than this.
 */
export const ONE_PRESS_MS = 500;

const TICK_MS = 25;

/**
 * Returns a clock that counts ticks, so that it is slow where this process seldom has a turn: a task runner that
 * forwards a signal waits for its turn there, too.
 */
function tickClock(): () => number {
  let milliseconds = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  return () => {
    timer ??= setInterval(() => milliseconds += TICK_MS, TICK_MS);
    return milliseconds;
  };
}

const SYSTEM: SignalSource = {
  add: onSignal,
  now: tickClock(),
  isOnTerminal: Object.values(isTerminal).some(Boolean),
};

/**
 * Calls `onAgain` at a SIGINT or SIGTERM at least half a second after the first signal: the user does not wait for a clean
 * end. A closed terminal always ends cleanly. The listeners stay until the process ends, since a signal during a clean end
 * must not abort it.
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
  const listeners: [Signal, () => void][] = [["SIGINT", urgent], ["SIGTERM", urgent]];
  if (source.isOnTerminal) listeners.push(["SIGHUP", interrupt]);
  for (const [signal, listener] of listeners) source.add(signal, listener);
  return {
    happened: promise,
    signal: aborting.signal,
    interrupt,
  };
}
