/** Runs a prediction thread that fails on request: by the first token of the last sequence of a batch. */
import type { FromThread, ToThread } from "../../lib/predict/protocol.ts";
import { predictThread } from "../../lib/predict/thread.ts";

/** Tokens that request a fault. */
const HANGS = 9;
const DIES = 10;
const LEAVES = 11;

declare const self: {
  onmessage: ((event: MessageEvent<ToThread>) => void) | null;
  postMessage(message: FromThread): void;
  close(): void;
};

const handle = predictThread((reply) => self.postMessage(reply));
self.onmessage = ({ data }) => {
  if (data.type === "predict") {
    const token = "offsets" in data.inputs && data.inputs.tokens[data.inputs.offsets.at(-2) ?? 0];
    if (token === HANGS) return;
    if (token === DIES) throw new Error("out of tokens");
    if (token === LEAVES) return self.close();
  }
  handle(data);
};
