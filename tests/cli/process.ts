/** Runs the product as a user does: a process of its own, with the permissions of its task. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chooseKernels } from "../../lib/engine/simd/native/library.ts";
import { resolveRun } from "../../lib/run/files/directory.ts";
import { PATIENCE_MS, WORKER_TIMEOUT } from "../patience.ts";
import { decoded } from "../text.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Finished {
  readonly code: number;
  /** The signal that ended it, where it did not exit by itself. */
  readonly killedBy: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  /** All that was written to standard output once `pattern` is in it. Rejects if the process ends before. */
  printed(pattern: RegExp): Promise<string>;
  /** As `printed`, for standard error. */
  noted(pattern: RegExp): Promise<string>;
  /** Throws where the process has ended. */
  signal(name: Deno.Signal): void;
  /** Sends a signal, unless it has ended before. Resolves when it has ended. */
  signalled(name: Deno.Signal): Promise<Finished>;
  /** Kills it once `pattern` is printed, as a power failure does. Resolves when it has ended: false if it did so before. */
  killedAt(pattern: RegExp): Promise<boolean>;
  /** Resolves when the process has ended. */
  readonly finished: Promise<Finished>;
}

/** `deno run` arguments of a task with folders that a test may use beside those of its permission set. */
function denoArgs(task: Task, folder: string): string[] {
  const readsAll = ["train", "tune", "resume", "verify", "evaluate", "runs", "compare"].includes(task);
  const writes = ["train", "tune", "resume", "serve", "evaluate", "export"].includes(task);
  return [
    "run",
    "-q",
    "--no-prompt",
    `-P=${PERMISSION_SETS[task] ?? task}`,
    ...readsAll ? [] : [`--allow-read=.,${folder}`],
    ...writes ? [`--allow-write=${folder}`] : [],
    "main.ts",
    task,
  ];
}

/** Tasks that choose kernels. */
const HAS_KERNELS: ReadonlySet<Task> = new Set(["train", "tune", "resume", "verify", "serve", "predict", "evaluate"]);

/** A library of older sources makes these tasks warn. Tests, which read what they print, then use no library. */
export const KERNELS = chooseKernels("auto").notice === undefined ? [] : ["--kernels", "wasm"];

/** Tasks that have workers which train. */
const TRAINS: ReadonlySet<Task> = new Set(["train", "tune", "resume"]);

/** Tasks that serve, on a free port unless a test gives one: another program on the machine may have the default. */
const SERVES: ReadonlySet<Task> = new Set(["train", "tune", "resume", "serve"]);

/** Maps tasks that share the permission set of another one. */
const PERMISSION_SETS: Partial<Record<Task, string>> = { tune: "train", resume: "train", compare: "runs" };

export function start(
  task: Task,
  folder: string,
  args: readonly string[],
  input = "",
  env: Readonly<Record<string, string>> = {},
): Running {
  const kernels = HAS_KERNELS.has(task) && !args.includes("--kernels") ? KERNELS : [];
  const anyPort = SERVES.has(task) && !args.includes("--port") ? ["--port", "0"] : [];
  const all = [...denoArgs(task, folder), ...kernels, ...anyPort, ...args, ...TRAINS.has(task) ? WORKER_TIMEOUT : []];
  return launch(Deno.execPath(), all, input, env);
}

/** Starts `command` in the project's folder. */
export function launch(
  command: string,
  args: readonly string[],
  input = "",
  env: Readonly<Record<string, string>> = {},
): Running {
  const process = new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...env },
  }).spawn();
  // Longer than it may wait for a worker itself.
  const timer = setTimeout(() => process.kill("SIGKILL"), PATIENCE_MS + 120_000);
  const out = collect(process.stdout);
  const err = collect(process.stderr);
  const finished = (async () => {
    const writer = process.stdin.getWriter();
    // A process that refuses its arguments may be gone before it reads.
    await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
    const { code, signal } = await process.status;
    await Promise.all([out.done, err.done]);
    clearTimeout(timer);
    return { code, killedBy: signal, stdout: out.text(), stderr: err.text() };
  })();
  async function signalled(name: Deno.Signal): Promise<Finished> {
    try {
      process.kill(name);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // It has ended.
    }
    return await finished;
  }
  return {
    pid: process.pid,
    printed: (pattern) => out.contains(pattern, () => err.text()),
    noted: (pattern) => err.contains(pattern, () => out.text()),
    signal: (name) => process.kill(name),
    signalled,
    async killedAt(pattern) {
      // Where it ends first, what it ends with tells so.
      await out.contains(pattern, () => err.text()).catch(() => {});
      return (await signalled("SIGKILL")).killedBy === "SIGKILL";
    },
    finished,
  };
}

export type Task =
  | "train"
  | "tune"
  | "resume"
  | "verify"
  | "serve"
  | "predict"
  | "evaluate"
  | "export"
  | "check"
  | "runs"
  | "compare";

export function run(task: Task, folder: string, args: readonly string[], input = ""): Promise<Finished> {
  return start(task, folder, args, input).finished;
}

function collect(stream: ReadableStream<Uint8Array>) {
  let text = "";
  let changed = Promise.withResolvers<void>();
  const done = (async () => {
    for await (const chunk of decoded(stream)) {
      text += chunk;
      changed.resolve();
      changed = Promise.withResolvers();
    }
  })();
  return {
    done,
    text: () => text,
    async contains(wanted: RegExp, context: () => string): Promise<string> {
      let ended = false;
      const end = done.then(() => ended = true);
      while (!wanted.test(text)) {
        if (ended) throw new Error(`The process ended without printing ${wanted}: ${text}\n${context()}`);
        await Promise.race([changed.promise, end]);
      }
      return text;
    },
  };
}

/** The directory of the run that `folder`/latest names. */
export function latestOf(folder: string): Promise<string> {
  return resolveRun(join(folder, "latest"));
}

/** A temporary folder for the runs of one test, gone afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes training wait most of the time, so that what a test does comes before the end on any machine. */
export const SLOW = ["--chaos", "slow=1"];

/** Flags of training that only an interruption ends; it leaves the cores to the test. */
export const ENDLESS = ["--epochs", "1000000", "--target-accuracy", "0", ...SLOW];

/** Flags of a run that is over quickly. */
export const TINY = ["--hidden", "8", "--embedding", "4", "--batch-size", "16", "--steps-per-epoch", "4"];
