/** What the process ends with. Documented in the README. */
export const ExitCode = { done: 0, failed: 1, badInput: 2, interruptedTwice: 130 } as const;
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];
