/** The baseline's worker: all it does is in lib/ngrams/thread.ts. */
import { type BaselineReply, runBaseline, transferables } from "../lib/ngrams/thread.ts";

declare const self: {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: BaselineReply, transfer: ArrayBufferLike[]): void;
};

self.onmessage = (event) => {
  const reply = runBaseline(event.data);
  self.postMessage(reply, transferables(reply));
};
