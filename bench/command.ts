/** Runs a program to its end and reads what it printed. */

/** Thrown when a program fails. The message has the end of its error output. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** Its standard output. Throws CommandFailed if it fails. */
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
