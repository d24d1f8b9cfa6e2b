/** Runs a program to its end and reads what it printed. */

/** Its standard output. Throws an Error with the end of its error output if it fails. */
export async function output(command: string, args: readonly string[], cwd?: URL): Promise<string> {
  const process = new Deno.Command(command, { args: [...args], ...(cwd && { cwd }), stdin: "null" });
  const { success, code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) {
    const reason = text(stderr).split("\n").slice(-5).join("\n");
    throw new Error(`"${command} ${args.join(" ")}" ended with code ${code}: ${reason}`);
  }
  return text(stdout);
}
