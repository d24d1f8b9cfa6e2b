/**
 * Keeps the threads of a test file's trainings: to start one and load its modules takes longer than a tiny training. A
 * training still starts and ends its workers by itself, but gets threads in which other trainings have ended.
 */
import type { WorkerReply } from "../../lib/lockstep/worker.ts";

const url = new URL("../../workers/train.ts", import.meta.url);

/** Starts `count` threads before the tests of a file, and ends them afterwards. Trainings with more start more. */
export function keepThreads(count: number): void {
  const { Worker } = globalThis;
  const idle: Kept[] = [];

  class Kept extends Worker {
    #isIdle = true;

    constructor() {
      super(url, { type: "module", deno: { permissions: "none" } });
      this.addEventListener("message", ({ data }: MessageEvent<WorkerReply>) => this.#isIdle = data.type !== "ready");
      idle.push(this);
    }

    override postMessage(message: unknown): void {
      this.#isIdle = false;
      super.postMessage(message);
    }

    /** Ends the thread if it still computes. */
    override terminate(): void {
      if (this.#isIdle) idle.push(this);
      else super.terminate();
    }
  }

  /** Is a kept thread where one is idle, else a new one. */
  class KeptOrNew extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      const kept = String(given[0]) === url.href ? idle.pop() : undefined;
      if (kept) return kept;
      super(...given);
    }
  }

  Deno.test.beforeAll(() => {
    for (let i = 0; i < count; i++) new Kept();
    globalThis.Worker = KeptOrNew;
  });
  Deno.test.afterAll(() => {
    globalThis.Worker = Worker;
    for (const thread of idle.splice(0)) Worker.prototype.terminate.call(thread);
  });
}
