/** The baseline's worker: all it does is in lib/baseline/thread.ts. */
import { type BaselineReply, runBaseline } from "../lib/baseline/thread.ts";

declare const self: {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: BaselineReply): void;
};

self.onmessage = (event) => self.postMessage(runBaseline(event.data));
