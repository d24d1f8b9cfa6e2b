/** A terminal whose output a test reads: the product's own, over streams in memory. */
import { createTerminal, type Streams, type Terminal } from "../../../lib/cli/terminal/terminal.ts";

export interface FakeTerminal extends Terminal {
  /** All that was written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export function fakeTerminal(change: Partial<Streams> = {}): FakeTerminal {
  const texts = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof texts) => ({
    writeSync(bytes: Uint8Array) {
      texts[name] += new TextDecoder().decode(bytes);
      return bytes.length;
    },
  });
  const terminal = createTerminal({
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    outlivesOutput: false,
    ...change,
  });
  return { ...terminal, stdout: () => texts.stdout, stderr: () => texts.stderr };
}
