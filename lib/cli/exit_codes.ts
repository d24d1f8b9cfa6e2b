/**
 * This layer is the command line: it parses arguments, runs commands, prints on the terminal and handles signals. It does
 * not train, predict or answer HTTP requests itself. Start with commands/train.ts, or with arguments/flags.ts for flags.
 */

/** Exit codes of the process. docs/cli.md describes them. */
export const ExitCode = { done: 0, failed: 1, badInput: 2, interruptedTwice: 130 } as const;
export type ExitCode = typeof ExitCode[keyof typeof ExitCode];
