/** Sends messages to one prediction thread from the main thread: answers come in the same order, and have a deadline. */
import type { NativeLibrary } from "../engine/contract.ts";
import { threadPermissions } from "../engine/create_engine.ts";
import { stillFitting } from "../engine/simd/native/library.ts";
import { startThread, type Thread } from "../platform/threads.ts";
import type { FromThread, Outcome, ToThread } from "./protocol.ts";
import { Unavailable } from "./types.ts";

interface ThreadOptions {
  /** The module that the thread runs: workers/predict.ts. */
  readonly workerUrl: URL;
  readonly native?: NativeLibrary | undefined;
  /** A thread that does not answer its oldest message for this long hangs. */
  readonly timeoutMs: number;
  /** Called once, if the thread is lost. */
  readonly onLost: (reason: string) => void;
}

interface Question {
  readonly resolve: (outcome: Outcome | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export class ThreadClient {
  /** The native kernels that the thread may load, if it has any. */
  readonly native: NativeLibrary | undefined;
  readonly #options: ThreadOptions;
  readonly #worker: Thread;
  readonly #questions: Question[] = [];
  /** The time when the oldest question became the oldest. */
  #waitingSince = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.native = stillFitting(options.native);
    this.#worker = startThread<FromThread>(options.workerUrl, {
      name: "predict",
      permissions: threadPermissions(this.native),
      onMessage: (message) => this.#answer(message),
      onError: (message) => this.#lose(message),
    });
  }

  /** Sends `message`; returns the outcome if it asks for one. Throws an Error with the thread's message, or an Unavailable if it is lost. */
  ask(message: ToThread): Promise<Outcome | undefined> {
    if (this.#closed) return Promise.reject(new Unavailable("the prediction thread has ended"));
    const { promise, resolve, reject } = Promise.withResolvers<Outcome | undefined>();
    if (this.#questions.length === 0) this.#waitingSince = performance.now();
    this.#questions.push({ resolve, reject });
    this.#timer ??= setTimeout(() => this.#look(), this.#options.timeoutMs);
    this.#worker.postMessage(message);
    return promise;
  }

  /** Ends the thread. One that computes continues until the process ends, and its answer is ignored. */
  close(reason = "the prediction thread has ended"): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#worker.terminate();
    for (const { reject } of this.#questions.splice(0)) reject(new Unavailable(reason));
  }

  #answer(message: FromThread): void {
    const question = this.#questions.shift();
    this.#waitingSince = performance.now();
    if (message.type === "failed") question?.reject(new Error(message.error));
    else question?.resolve(message.type === "outcome" ? message.outcome : undefined);
  }

  /** Checks the deadline. All questions share one timer, which is set again only when it runs out. */
  #look(): void {
    this.#timer = undefined;
    if (this.#questions.length === 0) return;
    const left = this.#waitingSince + this.#options.timeoutMs - performance.now();
    if (left <= 0) return this.#lose(`it did not answer within ${this.#options.timeoutMs / 1000} s`);
    this.#timer = setTimeout(() => this.#look(), left);
  }

  #lose(reason: string): void {
    if (this.#closed) return;
    this.close(`the prediction thread was lost: ${reason}`);
    this.#options.onLost(reason);
  }
}
