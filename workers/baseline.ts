/** The baseline's worker: all it does is in lib/baseline/thread.ts. */
import { type BaselineReply, runBaseline, transferables } from "../lib/baseline/thread.ts";

declare const self: {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: BaselineReply, transfer: ArrayBufferLike[]): void;
};

self.onmessage = (event) => {
  const reply = runBaseline(event.data);
  self.postMessage(reply, transferables(reply));
};
