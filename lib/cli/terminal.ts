/** What commands need of the process around them. */
import { InputError } from "../errors.ts";

export interface Terminal {
  /** To standard output, as it is. */
  readonly write: (text: string) => void;
  /** A line to standard error. */
  readonly note: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns: number;
}

/** The problems in `error`, a line each. */
export function complain({ note }: Terminal, error: InputError): void {
  for (const { message } of error.problems) note(`error: ${message}`);
}
