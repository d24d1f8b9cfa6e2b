/** Runs commands on a pseudo-terminal and types keys. */
import { assert } from "@std/assert";
import { programAbsence } from "../../optional.ts";
import { ROOT } from "../process.ts";

export interface Left {
  readonly code: number | null;
  readonly output: string;
  /** Tells whether the terminal echoes keys and waits for Enter, as before the command. */
  readonly echo: boolean;
  readonly canonical: boolean;
}

/** Pairs: when the first was printed, the second is typed, or sent if it is the name of a signal. */
export type Script = readonly (readonly [string, string])[];

/** Why there is no pseudo-terminal here, undefined if there is one. */
export const terminalAbsence = programAbsence("python3", [
  "-c",
  "import pty, termios, os; os.waitstatus_to_exitcode; pty.openpty()",
]);

/** Runs `command` in the project's folder, as the process group in the foreground of a terminal. */
export async function runOnTerminal(command: readonly string[], script: Script): Promise<Left> {
  const { stdout, stderr } = await new Deno.Command("python3", {
    args: ["tests/cli/terminal/pseudo_terminal.py", JSON.stringify(script), ...command],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert(text !== "", new TextDecoder().decode(stderr));
  return JSON.parse(text);
}
