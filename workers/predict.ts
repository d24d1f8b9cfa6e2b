/** The prediction worker: all it does is in lib/predict/thread.ts. */
import type { FromThread } from "../lib/predict/protocol.ts";
import { predictThread } from "../lib/predict/thread.ts";

declare const self: {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: FromThread): void;
};

const handle = predictThread((reply) => self.postMessage(reply));
self.onmessage = (event) => handle(event.data);
