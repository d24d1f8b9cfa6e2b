/**
 * Standard output and standard error of a command. Everything that a command prints goes through here, so that no text
 * of others steers a terminal, and no command fails differently when nobody takes what it prints.
 */
import { errorMessage, InputError } from "../../base/errors.ts";
import { printable, printableJson, printableLines } from "../../base/printable.ts";
import { forCommandLine } from "../arguments/messages.ts";

export interface Terminal {
  /** Prints a line to standard output. It stays one line, whatever is in it. */
  readonly line: (text: string) => void;
  /** Prints text of the program's own, such as help, with its line breaks. */
  readonly write: (text: string) => void;
  /** Prints a value as JSON, on one line unless `indent` is given. */
  readonly json: (value: unknown, indent?: number) => void;
  /** Shows a line until the next one is printed. Prints nothing where standard output is not a terminal. */
  readonly live: (text: string) => void;
  /** Prints a line to standard error. */
  readonly note: (text: string) => void;
  /** Calls back with every key until the returned function is called; only where somebody sits at the terminal. */
  readonly keys?: ((onKey: (key: string) => void) => () => void) | undefined;
}

/** Standard output does not take what a command prints, and printing is all that it does. */
export class OutputError extends Error {
  override readonly name = "OutputError";
  /** Whether nobody reads it any more, as after `| head`. */
  readonly isClosed: boolean;

  constructor(cause: unknown) {
    super(`Cannot write to standard output: ${errorMessage(cause)}`, { cause });
    this.isClosed = cause instanceof Deno.errors.BrokenPipe;
  }
}

export interface Stream {
  writeSync(bytes: Uint8Array): number;
}

export interface Streams {
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Of the terminal that standard output is, if it is one. */
  readonly columns?: number | undefined;
  /**
   * Whether the command goes on when standard output fails: it loses those lines, and says so once on standard error.
   * Otherwise an OutputError ends it.
   */
  readonly goesOn: boolean;
  readonly keys?: Terminal["keys"];
}

/** Replaces the line that the cursor is on. */
const CLEAR = "\r\x1b[K";

export function createTerminal({ stdout, stderr, columns, goesOn, keys }: Streams): Terminal {
  let isLive = false;
  let isJson = false;
  const toError = createWriter(stderr, (error) => {
    // Where JSON is printed, a line of words would be an error of its own.
    const message = `Cannot write to standard error: ${errorMessage(error)}. What is written there is lost`;
    if (goesOn && !isJson) toOutput(`${message}\n`);
  });
  const note = (text: string) => {
    clear();
    toError(`${printable(text)}\n`);
  };
  const toOutput = createWriter(stdout, (error) => {
    if (!goesOn) throw new OutputError(error);
    note(`${new OutputError(error).message}. What is printed there is lost; the command goes on`);
  });
  const clear = () => {
    if (isLive) toOutput(CLEAR);
    isLive = false;
  };
  const print = (text: string) => {
    toOutput(isLive ? `${CLEAR}${text}` : text);
    isLive = false;
  };
  return {
    line: (text) => print(`${printable(text)}\n`),
    write: (text) => print(printableLines(text)),
    json: (value, indent) => {
      isJson = true;
      print(`${printableJson(value, indent)}\n`);
    },
    live: (text) => {
      if (columns === undefined) return;
      toOutput(`${CLEAR}${printable(text).slice(0, columns - 1)}`);
      isLive = true;
    },
    note,
    keys,
  };
}

/**
 * Returns the function that writes all of a text. What cannot be written is dropped; `onFailure` gets the first error.
 * Line breaks keep the next text apart from one of which only a part was taken.
 */
function createWriter(stream: Stream, onFailure: (error: unknown) => void): (text: string) => void {
  let isTold = false;
  let isTorn = false;
  return (text) => {
    let bytes = new TextEncoder().encode(isTorn ? `\n${text}` : text);
    const { length } = bytes;
    try {
      while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
      isTorn = false;
    } catch (error) {
      isTorn ||= bytes.length < length;
      if (isTold) return;
      isTold = true;
      onFailure(error);
    }
  };
}

/** Prints the problems of `error`, one per line. */
export function complain({ note }: Pick<Terminal, "note">, error: InputError): void {
  for (const { message } of error.problems) note(`error: ${forCommandLine(message)}`);
  if (error.more > 0) note(`error: and ${error.more} more`);
}
