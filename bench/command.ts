/** Runs a program to its end and returns its output. */

/** Thrown when a program fails. The message has the end of its error output. */
class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/**
 * Returns a note about a peer whose program failed in turn `repeat`, from 0: all other turns continue. Throws any other
 * error.
 */
export function failedTurn(error: unknown, repeat: number): string {
  if (!(error instanceof CommandFailed)) throw error;
  return `failed in turn ${repeat + 1}: ${error.message.split("\n").at(-1)}`;
}

/** Returns a program's standard output. Throws CommandFailed if the program fails. */
export async function output(command: string, args: readonly string[], cwd?: URL): Promise<string> {
  const process = new Deno.Command(command, { args: [...args], ...(cwd && { cwd }), stdin: "null" });
  const { success, code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) {
    const reason = text(stderr).split("\n").slice(-5).join("\n");
    throw new CommandFailed(`"${command} ${args.join(" ")}" ended with code ${code}: ${reason}`);
  }
  return text(stdout);
}
