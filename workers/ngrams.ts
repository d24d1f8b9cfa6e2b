/** The baseline's worker: all it does is in lib/ngrams/thread.ts. */
import { type BaselineReply, type BaselineStart, runBaseline, transferables } from "../lib/ngrams/thread.ts";
import { onMessage } from "../lib/platform/thread_side.ts";

onMessage<BaselineStart, BaselineReply>((start, reply) => {
  const result = runBaseline(start);
  reply(result, transferables(result));
});
