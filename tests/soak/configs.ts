/** Draws random configs of small models, with all options that change rounds. Their runs take about a second. */
import { join } from "node:path";
import type { Draws } from "./draw.ts";

export interface SoakConfig {
  readonly flags: readonly string[];
  /** The most workers that a process can have. */
  readonly shards: number;
  /** Says whether several machines can train it together. */
  readonly isForClusters: boolean;
}

const COMMON = ["--exit", "--port=0", "--target-accuracy=0", "--checkpoint-every=3"];
const WORDS = ["late", "parcel", "refund", "invoice", "crash", "login", "thanks", "broken", "card", "update", "ship"];

/** Draws a config, and writes its files to `folder`. */
export async function drawConfig(draws: Draws, folder: string): Promise<SoakConfig> {
  const flags = [...COMMON, `--seed=${draws.whole(0, 2 ** 32 - 1)}`];
  const give = (name: string, value: string | number) => flags.push(`--${name}=${value}`);
  const shards = draws.whole(1, 8);
  give("shards", shards);
  give("batch-size", draws.whole(2, 24));
  give("embedding", draws.whole(2, 12));
  give("hidden", draws.whole(2, 20));
  if (draws.chance(0.3)) give("layers", draws.whole(2, 3));
  if (draws.chance(0.25)) flags.push("--bidirectional");
  give("pooling", draws.pick(["last", "mean", "max"]));
  if (draws.chance(0.3)) give("dropout", draws.between(0, 0.5).toFixed(2));
  give("schedule", draws.pick(["constant", "cosine", "linear"]));
  give("embedding-rows", draws.pick(["lazy", "dense"]));
  give("learning-rate", draws.pick([0.001, 0.01, 0.05]));
  const isOfGradients = draws.chance(0.35);
  give("average", isOfGradients ? "gradients" : "weights");
  let isForClusters = true;
  if (!isOfGradients) {
    const moments = draws.pick(["average", "average", "local", "reset"]);
    give("moments", moments);
    isForClusters = moments !== "local";
    give("average-every", draws.whole(1, 8));
    if (shards > 1 && draws.chance(0.25)) {
      give("cluster-every", draws.whole(2, 4));
      give("groups", draws.whole(2, shards));
    }
  }
  give("epochs", draws.whole(8, 24));
  const ending = draws.pick(["last", "last", "patience", "best"]);
  if (ending === "patience") give("patience", draws.whole(2, 6));
  if (ending === "best") flags.push("--restore-best");
  const tfjs = draws.chance(0.1);
  if (tfjs) give("engine", "tfjs");
  if (draws.chance(0.15)) {
    // Weights grow until a value leaves float32; then training restores the best state with half the learning rate.
    flags.push("--weight-decay=100", "--learning-rate=0.3", "--on-nan=rollback");
  }
  if (draws.chance(0.3)) {
    const path = join(folder, "rows.csv");
    await Deno.writeTextFile(path, drawRows(draws));
    give("data", path);
    give("ngrams", draws.pick(["none", "beside", "combine"]));
    give("class-weights", draws.pick(["none", "balanced"]));
  } else {
    give("steps-per-epoch", draws.whole(4, 20));
    give("vocabulary", draws.whole(2, 400));
    give("length", draws.whole(1, 12));
    give("held-out", draws.whole(16, 300));
  }
  return { flags, shards, isForClusters };
}

function drawRows(draws: Draws): string {
  const rows = Array.from({ length: draws.whole(60, 300) }, (_, row) => {
    const words = Array.from({ length: draws.whole(1, 9) }, () => draws.pick(WORDS));
    // Each class has enough rows for training and validation.
    return `${words.join(" ")},${["a", "b", "c"][row % 3]}`;
  });
  return ["text,label", ...rows, ""].join("\n");
}
