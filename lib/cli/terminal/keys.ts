/** Reads single keys from the terminal, without Enter and without echo. */

/** Exit code after SIGQUIT, which would otherwise end the process without restoring the terminal. */
const QUIT_CODE = 131;

/**
 * Calls `onKey` with every key. Ctrl-C and Ctrl-Z remain signals. The returned function restores the terminal; so does
 * the end of the process by `Deno.exit` or by a signal that can be caught.
 */
export function watchKeys(onKey: (key: string) => void): () => void {
  let watching = true;
  Deno.stdin.setRaw(true, { cbreak: true });
  const restore = () => {
    if (!watching) return;
    watching = false;
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal was closed.
    }
  };
  globalThis.addEventListener("unload", restore);
  const quit = () => Deno.exit(QUIT_CODE);
  Deno.addSignalListener("SIGQUIT", quit);
  void read((key) => watching && onKey(key));
  return () => {
    restore();
    globalThis.removeEventListener("unload", restore);
    Deno.removeSignalListener("SIGQUIT", quit);
  };
}

/** Reads standard input to its end. A read cannot be cancelled: the last one lasts until the process ends. */
async function read(onKey: (key: string) => void): Promise<void> {
  const bytes = new Uint8Array(16);
  for (;;) {
    const count = await Deno.stdin.read(bytes).catch(() => null);
    if (count === null) return;
    for (const key of new TextDecoder().decode(bytes.subarray(0, count))) onKey(key);
  }
}
