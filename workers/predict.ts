/** The prediction worker: all it does is in lib/predict/thread.ts. */
import { onMessage } from "../lib/platform/thread_side.ts";
import type { FromThread, ToThread } from "../lib/predict/protocol.ts";
import { predictThread } from "../lib/predict/thread.ts";

let handle: ((message: ToThread) => void) | undefined;
onMessage<ToThread, FromThread>((message, reply) => {
  handle ??= predictThread(reply);
  handle(message);
});
