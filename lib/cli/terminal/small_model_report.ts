/** Says what a small model has left, and what that costs. */
import { percent, whole } from "../../base/counted.ts";
import { bytes } from "../../report/format.ts";
import { difference } from "../../report/quality.ts";
import type { SmallModel } from "../../run/export/small/small_model.ts";
import { forCommandLine } from "../arguments/messages.ts";

export function smallModelReport({ bytes: own, before, words, ngrams, isPacked, cost }: SmallModel): string[] {
  if (!isPacked) return [`model.lockstep has ${bytes(before)}: nothing is left out`];
  const left = [[ngrams, "n-grams"], [words, "words of the LSTM"]] as const;
  const kept = left.filter(([[, all]]) => all > 0).map(([[left, all], what]) =>
    `${whole(left)} of ${whole(all)} ${what}`
  );
  const sizes = `model.lockstep: ${bytes(before)} → ${bytes(own.length)}`;
  const content = `Kept: ${[...kept, "numbers as 8 bits"].join(", ")}`;
  if (typeof cost === "string") {
    return [sizes, content, `The cost in accuracy was not measured: ${forCommandLine(cost)}`];
  }
  const [former, now] = [cost.before.shown, cost.after.shown];
  return [
    sizes,
    content,
    `On the validation rows: ${cost.metric} ${percent(former)} → ${percent(now)} (${difference(former, now)})`,
  ];
}
