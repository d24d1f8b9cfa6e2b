/** What commands need of the process around them. */
import { InputError } from "../errors.ts";

export interface Terminal {
  /** To standard output, as it is. */
  readonly write: (text: string) => void;
  /** A line to standard error. */
  readonly note: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: number;
  /** Calls back with every key until the returned function is called; only where somebody sits at the terminal. */
  readonly keys?: ((onKey: (key: string) => void) => () => void) | undefined;
}

/** The problems in `error`, a line each. */
export function complain({ note }: Terminal, error: InputError): void {
  for (const { message } of error.problems) note(`error: ${message}`);
}
