/** Starts processes of the product, sends them signals, and waits for their ends. */
import { ROOT } from "../cli/process.ts";
import { decoded } from "../text.ts";

/** Limits the time of a process: a machine under load takes minutes for a run of seconds. */
const DEADLINE_MS = 600_000;

export interface Ended {
  readonly code: number;
  readonly output: string;
}

export class Process {
  readonly #child: Deno.ChildProcess;
  #output = "";
  /** Resolves when the process has ended or was killed. Rejects if it does not end in time. */
  readonly ended: Promise<Ended>;
  #isOver = false;

  constructor(folder: string, args: readonly string[], prefix: readonly string[] = []) {
    const deno = [Deno.execPath(), "run", "-q", "--no-prompt", "-P=train", `--allow-write=${folder}`, "main.ts"];
    const [program, ...rest] = [...prefix, ...deno, ...args];
    this.#child = new Deno.Command(program!, {
      args: rest,
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.ended = this.#wait();
    this.ended.catch(() => {}); // A caller that awaits it gets the error.
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends a signal, unless it has ended already. */
  signal(name: Deno.Signal): void {
    if (this.#isOver) return;
    try {
      this.#child.kill(name);
    } catch (error) {
      // The process has just ended.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async #wait(): Promise<Ended> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.signal("SIGCONT");
      this.signal("SIGKILL");
    }, DEADLINE_MS);
    const reading = [this.#child.stdout, this.#child.stderr].map(async (stream) => {
      for await (const text of decoded(stream)) this.#output += text;
    });
    const { code } = await this.#child.status;
    this.#isOver = true;
    clearTimeout(timer);
    await Promise.all(reading);
    if (late) throw new Error(`It has not ended within ${DEADLINE_MS / 1000} s: ${this.#output.slice(-2000)}`);
    return { code, output: this.#output };
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
