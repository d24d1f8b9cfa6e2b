/** The modules of the threads. The bundle has them in the same places. */
export const threadUrls = {
  workerUrl: new URL("./workers/train.ts", import.meta.url),
  baselineUrl: new URL("./workers/ngrams.ts", import.meta.url),
  predictUrl: new URL("./workers/predict.ts", import.meta.url),
  foldsUrl: new URL("./workers/folds.ts", import.meta.url),
} as const;
