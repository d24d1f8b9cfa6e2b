/**
 * Writes the standard output and standard error of a command. Everything that a command prints goes through here, so that
 * no foreign text controls a terminal, and all commands treat a broken output the same way.
 */
import { errorCode, errorMessage, InputError } from "../../base/errors.ts";
import { printable, printableJson, printableLines } from "../../base/printable.ts";
import type { TerminalAbilities } from "../../platform/terminal.ts";
import { forCommandLine } from "../arguments/messages.ts";
import { fitted } from "./columns.ts";

/** Makes a part of a line stand out, where the terminal has colours: the first one with this text, or else all. */
export interface Emphasis {
  readonly tone: Tone;
  readonly part?: string | undefined;
}

type Tone = "strong" | "warning" | "error";

/** The control sequences (SGR) before and after a text. */
const TONES: Readonly<Record<Tone, readonly [string, string]>> = {
  strong: ["\x1b[1m", "\x1b[22m"],
  warning: ["\x1b[33m", "\x1b[39m"],
  error: ["\x1b[31m", "\x1b[39m"],
};

export interface Terminal {
  /** Prints a line to standard output. Line breaks in the text are replaced. */
  readonly line: (text: string) => void;
  /** Prints a line with a part that stands out. */
  readonly emphasize: (text: string, emphasis: Emphasis | undefined) => void;
  /** Prints the program's own text, such as help, with its line breaks. */
  readonly write: (text: string) => void;
  /** Prints answers, as `write` does, and resolves when the reader of standard output has taken them. */
  readonly send: (text: string) => Promise<void>;
  /** Prints data, such as the rows of a file: unchanged, unless standard output is a terminal. */
  readonly data: (text: string) => void;
  /** Prints a value as JSON, on one line unless `indent` is given. */
  readonly json: (value: unknown, indent?: number) => void;
  /** Shows a line until the next one is printed. Prints nothing if standard output is no terminal that can do so. */
  readonly live: (text: string) => void;
  /** Prints a line to standard error. */
  readonly note: (text: string) => void;
  /** Returns the present width of the terminal in columns; undefined if standard output is not a terminal. */
  readonly width: () => number | undefined;
  /** Calls back with every key until the returned function is called. Missing without an interactive terminal. */
  readonly keys?: ((onKey: (key: string) => void) => () => void) | undefined;
}

/** Reports that standard output does not accept what a command prints, if printing is all that the command does. */
export class OutputError extends Error {
  override readonly name = "OutputError";
  /** Tells whether the reader closed the pipe, as `| head` does. */
  readonly isClosed: boolean;

  constructor(cause: unknown) {
    super(`Cannot write to standard output: ${errorMessage(cause)}`, { cause });
    this.isClosed = errorCode(cause) === "EPIPE";
  }
}

export interface Stream {
  writeSync(bytes: Uint8Array): number;
  /** Writes without blocking the thread. Default: `writeSync`. */
  write?(bytes: Uint8Array): Promise<number>;
}

export interface Streams {
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Returns the width of the terminal; undefined if standard output is not one, or if it was closed. */
  readonly width?: Terminal["width"];
  /** Default: it replaces lines, without colours. */
  readonly abilities?: TerminalAbilities;
  /**
   * Makes the command continue when standard output fails: it loses those lines and says so once on standard error.
   * Otherwise an OutputError ends it.
   */
  readonly outlivesOutput: boolean;
  readonly keys?: Terminal["keys"];
}

/** Replaces the line that the cursor is on. */
const CLEAR = "\r\x1b[K";

export function createTerminal(
  { stdout, stderr, width = () => undefined, abilities, outlivesOutput, keys }: Streams,
): Terminal {
  const hasColours = () => abilities?.colours === true && width() !== undefined;
  let isLive = false;
  let isJson = false;
  const toError = createWriter(stderr, (error) => {
    // A line of text would break the JSON lines.
    const message = `Cannot write to standard error: ${errorMessage(error)}. Lines for it are lost`;
    if (outlivesOutput && !isJson) toOutput(`${message}\n`);
  });
  const note = (text: string) => {
    clear();
    toError(`${printable(text)}\n`);
  };
  const toOutput = createWriter(stdout, (error) => {
    if (!outlivesOutput) throw new OutputError(error);
    note(`${new OutputError(error).message}. Lines for it are lost; the command continues`);
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
    emphasize: (text, emphasis) => {
      const safe = printable(text);
      print(`${emphasis && hasColours() ? emphasized(safe, emphasis) : safe}\n`);
    },
    write: (text) => print(printableLines(text)),
    send: async (text) => {
      clear();
      try {
        let bytes = new TextEncoder().encode(printableLines(text));
        while (bytes.length > 0) bytes = bytes.subarray(await (stdout.write ?? stdout.writeSync)(bytes));
      } catch (error) {
        throw new OutputError(error);
      }
    },
    data: (text) => print(width() === undefined ? text : printableLines(text)),
    json: (value, indent) => {
      isJson = true;
      print(`${printableJson(value, indent)}\n`);
    },
    live: (text) => {
      const columns = width();
      if (columns === undefined || abilities?.moves === false) return;
      toOutput(`${CLEAR}${fitted(printable(text), columns - 1)}`);
      isLive = true;
    },
    note,
    width,
    keys,
  };
}

function emphasized(text: string, { tone, part = text }: Emphasis): string {
  const [begin, end] = TONES[tone];
  const at = text.indexOf(part);
  return at < 0 ? text : text.slice(0, at) + begin + part + end + text.slice(at + part.length);
}

/**
 * Returns a function that writes a whole text. Text that cannot be written is dropped; `onFailure` gets the first error.
 * A line break separates the next text from one that was written only in part.
 */
function createWriter(stream: Stream, onFailure: (error: unknown) => void): (text: string) => void {
  let hasFailed = false;
  let isTorn = false;
  return (text) => {
    let bytes = new TextEncoder().encode(isTorn ? `\n${text}` : text);
    const { length } = bytes;
    try {
      while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
      isTorn = false;
    } catch (error) {
      isTorn ||= bytes.length < length;
      if (hasFailed) return;
      hasFailed = true;
      onFailure(error);
    }
  };
}

/** Prints the problems of `error`, one per line. */
export function complain({ note }: Pick<Terminal, "note">, error: InputError): void {
  for (const { message } of error.problems) note(`error: ${forCommandLine(message)}`);
  if (error.more > 0) note(`error: and ${error.more} more`);
}
