/** The terminal: output that is written at once, signals and single keys. */
import { write as writeFile, writeSync } from "node:fs";
// By its name, as reading `stdin` or `stdout` of it opens them.
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { runtime } from "./runtime.ts";

export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT";

/** The file descriptors of the standard streams. */
const [STDIN, STDOUT, STDERR] = [0, 1, 2];

/** Pause before another attempt to write to a full pipe that does not block. */
const FULL_PIPE_MS = 5;

export const isTerminal = { stdin: isatty(STDIN), stdout: isatty(STDOUT), stderr: isatty(STDERR) } as const;

export const streams = {
  stdout: {
    writeSync: (bytes: Uint8Array) => write(STDOUT, bytes),
    write: (bytes: Uint8Array) => writeAside(STDOUT, bytes),
  },
  stderr: { writeSync: (bytes: Uint8Array) => write(STDERR, bytes) },
} as const;

/** Writes what fits, at least one byte. */
function write(file: number, bytes: Uint8Array): number {
  for (;;) {
    try {
      return writeSync(file, bytes);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_MS);
    }
  }
}

/** Writes as `write` does, in a thread of the runtime: signals are heard while the reader of a pipe lets it wait. */
async function writeAside(file: number, bytes: Uint8Array): Promise<number> {
  // Deno's node:fs would block.
  if (runtime === "deno") return await Deno.stdout.write(bytes);
  for (;;) {
    try {
      return (await promisify(writeFile)(file, bytes)).bytesWritten;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      await delay(FULL_PIPE_MS);
    }
  }
}

/** The width of a terminal that does not tell its own. */
const USUAL_COLUMNS = 80;

/** Returns the columns of the terminal on standard output, or undefined if it is none, or was closed. */
export function terminalWidth(): number | undefined {
  try {
    return isTerminal.stdout ? process.stdout.columns || USUAL_COLUMNS : undefined;
  } catch {
    return undefined;
  }
}

/** Says how a terminal can show more than text. */
export interface TerminalAbilities {
  /** Colours and bold text. */
  readonly colours: boolean;
  /** Replacing a line that was written. */
  readonly moves: boolean;
}

/** Returns the abilities of the terminal on standard output, by its type and the settings of the user: see no-color.org. */
export function terminalAbilities(): TerminalAbilities {
  const { TERM, NO_COLOR } = runtime === "deno" ? denoVariables() : process.env;
  const moves = TERM !== "dumb";
  return { moves, colours: moves && (NO_COLOR ?? "") === "" };
}

/** Reads these variables without asking the user for a permission. */
function denoVariables(): { readonly TERM?: string | undefined; readonly NO_COLOR: string } {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "TERM" });
  return { ...state === "granted" && { TERM: Deno.env.get("TERM") }, NO_COLOR: Deno.noColor ? "1" : "" };
}

/** Calls `listener` at each `signal`, which then does not end the process. */
export function onSignal(signal: Signal, listener: () => void): void {
  process.on(signal, listener);
}

/** Exit code after SIGQUIT, which would otherwise end the process without restoring the terminal. */
const QUIT_CODE = 131;

/**
 * Calls `onKey` with every key, without Enter and without echo. Ctrl-C and Ctrl-Z remain signals. The returned function
 * restores the terminal; so does the end of the process by `exit` or by a signal that can be caught.
 */
export function watchKeys(onKey: (key: string) => void): () => void {
  let watching = true;
  const reader = runtime === "deno" ? denoKeys() : nodeKeys();
  const restore = () => {
    if (!watching) return;
    watching = false;
    try {
      reader.restore();
    } catch {
      // The terminal was closed.
    }
  };
  process.on("exit", restore);
  const quit = () => process.exit(QUIT_CODE);
  process.on("SIGQUIT", quit);
  reader.read((text) => {
    if (watching) { for (const key of text) onKey(key); }
  });
  return () => {
    restore();
    process.off("exit", restore);
    process.off("SIGQUIT", quit);
  };
}

interface KeyReader {
  /** Calls `onText` with everything that is typed, until the end of the input. */
  read(onText: (text: string) => void): void;
  /** Restores the terminal. */
  restore(): void;
}

function denoKeys(): KeyReader {
  Deno.stdin.setRaw(true, { cbreak: true });
  return {
    restore: () => Deno.stdin.setRaw(false),
    // A read cannot be cancelled: the last one lasts until the process ends.
    async read(onText) {
      const bytes = new Uint8Array(16);
      for (;;) {
        const count = await Deno.stdin.read(bytes).catch(() => null);
        if (count === null) return;
        onText(new TextDecoder().decode(bytes.subarray(0, count)));
      }
    },
  };
}

/** The keys that are signals, which Node has no mode for. */
const SIGNAL_KEYS: Readonly<Record<string, "SIGINT" | "SIGQUIT" | "SIGTSTP">> = {
  "\x03": "SIGINT",
  "\x1c": "SIGQUIT",
  "\x1a": "SIGTSTP",
};

function nodeKeys(): KeyReader {
  const { stdin } = process;
  stdin.setRawMode(true);
  return {
    restore() {
      stdin.setRawMode(false);
      stdin.pause();
    },
    read(onText) {
      stdin.on("data", (bytes: Uint8Array) => {
        for (const key of new TextDecoder().decode(bytes)) {
          const signal = SIGNAL_KEYS[key];
          if (signal) process.kill(process.pid, signal);
          else onText(key);
        }
      });
    },
  };
}
