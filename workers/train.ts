/** A training worker: all it does is in lib/lockstep/worker.ts. */
import { startWorker, type WorkerReply, type WorkerStart } from "../lib/lockstep/worker.ts";
import { onMessage } from "../lib/platform/thread_side.ts";

onMessage<WorkerStart, WorkerReply>((start, reply) => startWorker(start, reply));
