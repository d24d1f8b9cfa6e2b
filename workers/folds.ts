/** A thread of cross-validation: all it does is in lib/ngrams/folds/score_folds.ts. */
import { type FoldsStart, scoreFolds } from "../lib/ngrams/folds/score_folds.ts";
import { onMessage } from "../lib/platform/thread_side.ts";

onMessage<{ start: FoldsStart; thread: number }, "done">(({ start, thread }, reply) => {
  scoreFolds(start, thread);
  reply("done");
});
