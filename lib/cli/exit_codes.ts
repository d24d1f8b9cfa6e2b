/** Exit codes of the process. docs/cli.md describes them. */
export const ExitCode = { done: 0, failed: 1, badInput: 2, interruptedTwice: 130 } as const;
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];
