/** A training worker: all it does is in lib/lockstep/worker.ts. */
import { startWorker, type WorkerReply } from "../lib/lockstep/worker.ts";

declare const self: {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: WorkerReply): void;
};

self.onmessage = (event) => startWorker(event.data, (reply) => self.postMessage(reply));
