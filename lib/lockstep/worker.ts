/** Runs a worker thread: it gets one message, replies that it is ready, runs the loop, and replies that it is done. */
import { createEngine } from "../engine/create_engine.ts";
import { errorMessage } from "../base/errors.ts";
import { closeThread } from "../platform/thread_side.ts";
import { abort, Aborted } from "./barrier.ts";
import { SilentExit } from "./chaos.ts";
import { Divergence } from "./divergence.ts";
import { createPlan } from "./plan.ts";
import { sharedRun } from "./memory/views.ts";
import type { WorkerIdentity } from "./round/context.ts";
import { createClaims, helpersOf } from "./work_stealing.ts";
import { runWorkerLoop } from "./worker_loop.ts";

/** Starts a worker: the only message that it gets. */
export interface WorkerStart extends WorkerIdentity {
  readonly memory: WebAssembly.Memory;
}

/** Lists the messages that a worker sends: at most two. */
export type WorkerReply =
  | { readonly type: "ready"; readonly engine: string }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly error: string; readonly final: boolean };

/** Runs a worker from its start message to its last reply. Never throws. */
export async function startWorker(start: WorkerStart, reply: (reply: WorkerReply) => void): Promise<void> {
  const { worker, config, memory } = start;
  const plan = createPlan(config);
  const run = sharedRun(plan.map, memory);
  try {
    const claims = createClaims(run.claims);
    const room = { memory, scratch: run.engineScratch(worker), ...helpersOf({ ...config, worker }, run, claims) };
    const engine = await createEngine(plan.engine, room);
    reply({ type: "ready", engine: engine.name });
    runWorkerLoop(start, plan, run, engine, claims);
    reply({ type: "done" });
  } catch (error) {
    if (error instanceof Aborted) return reply({ type: "done" });
    if (error instanceof SilentExit) return closeThread();
    // Replies first: the main thread must know the reason before the abort makes the other workers leave.
    reply({ type: "failed", error: errorMessage(error), final: error instanceof Divergence });
    abort(run.control);
  }
}
