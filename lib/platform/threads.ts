/** Starts threads. Each runs a module that takes its messages with `thread_side.ts`. */
import { getBuiltinModule } from "node:process";
import type { ThreadPermissions } from "./permissions.ts";
import { isFromSources, runtime } from "./runtime.ts";

interface ThreadOptions<Reply> {
  readonly name: string;
  /** Elsewhere than in this project's sources on Deno, a thread has all rights of the process. */
  readonly permissions: ThreadPermissions;
  readonly onMessage: (reply: Reply) => void;
  /** Called with the message of an error that the thread did not catch; the thread has then ended. */
  readonly onError: (message: string) => void;
}

export interface Thread {
  postMessage(message: unknown): void;
  /** Ends the thread. With Deno, one that computes or waits continues until the process ends. */
  terminate(): void;
}

/** Starts a thread that runs the module `url`. */
export function startThread<Reply>(url: URL, options: ThreadOptions<Reply>): Thread {
  return runtime === "deno" ? webWorker(url, options) : nodeWorker(url, options);
}

function webWorker<Reply>(url: URL, { name, permissions, onMessage, onError }: ThreadOptions<Reply>): Thread {
  // Deno has permissions of threads behind a flag, which deno.json sets, and programs that import the package do not.
  const worker = new Worker(url, { type: "module", name, ...isFromSources && { deno: { permissions } } });
  worker.onmessage = ({ data }: MessageEvent<Reply>) => onMessage(data);
  worker.onerror = (event) => {
    event.preventDefault();
    onError(event.message);
  };
  return worker;
}

function nodeWorker<Reply>(url: URL, { name, onMessage, onError }: ThreadOptions<Reply>): Thread {
  // Loaded here, as Deno's threads start faster without it.
  const { Worker } = getBuiltinModule("node:worker_threads");
  const worker = new Worker(url, { name });
  worker.on("message", onMessage);
  worker.on("error", (error) => onError(`Uncaught ${error}`));
  return {
    postMessage: (message) => worker.postMessage(message),
    terminate: () => void worker.terminate(),
  };
}
