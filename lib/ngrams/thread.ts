/** The baseline in a thread of its own: one message in, one out. */
import type { EncodedTable } from "../data/batches/table.ts";
import { errorMessage } from "../base/errors.ts";
import type { BaselineModel } from "./model.ts";
import { judge, trainBaseline } from "./train.ts";

export interface BaselineStart {
  readonly training: EncodedTable;
  readonly validation: EncodedTable;
  readonly test?: EncodedTable;
  readonly classes: number;
  readonly vocabulary: number;
  readonly seed: number;
  readonly classWeights?: Float32Array;
  /** Two words: not 0 from the moment that nobody wants the result any more; and a count of the thread's signs of life. */
  readonly signals: Int32Array;
}

/** What the baseline makes of rows that it has not seen. */
export interface BaselineFigures {
  readonly validation: { readonly loss: number; readonly accuracy: number };
  readonly test?: { readonly loss: number; readonly accuracy: number };
  /** That training took. */
  readonly seconds: number;
}

/** What training came to. */
export interface BaselineResult {
  readonly model: BaselineModel;
  readonly figures: BaselineFigures;
}

export type BaselineReply =
  | { readonly type: "done"; readonly result: BaselineResult }
  | { readonly type: "stopped" }
  | { readonly type: "failed"; readonly error: string };

const [STOP, HEART] = [0, 1];
/** Between two looks at the heart. */
const LOOK_MS = 500;

/** Trains and judges. Never throws. */
export function runBaseline({ training, validation, test, signals, ...options }: BaselineStart): BaselineReply {
  try {
    const stopped = () => {
      Atomics.add(signals, HEART, 1);
      return Atomics.load(signals, STOP) !== 0;
    };
    const baseline = trainBaseline(training, validation, { ...options, stopped });
    if (!baseline) return { type: "stopped" };
    const { model, seconds } = baseline;
    const onTest = test && judge(model, test, stopped);
    const figures = { validation: baseline.validation, ...onTest && { test: onTest }, seconds };
    return { type: "done", result: { model, figures } };
  } catch (error) {
    return { type: "failed", error: errorMessage(error) };
  }
}

/** What of a reply is handed over, not copied. */
export function transferables(reply: BaselineReply): ArrayBufferLike[] {
  if (reply.type !== "done") return [];
  const { importance, weights, bias } = reply.result.model;
  return [importance.buffer, weights.buffer, bias.buffer];
}

/** A baseline that is being trained. */
export interface BaselineTask {
  /** Undefined if it was stopped. Throws an Error if it failed, or showed no sign of life for too long. */
  readonly result: Promise<BaselineResult | undefined>;
  /** Ends it soon; harmless when it has ended. */
  stop(): void;
}

/** Trains in a thread that runs the module `url` (workers/ngrams.ts), and is lost if it is silent for `timeoutMs`. */
export function startBaseline(url: URL, start: Omit<BaselineStart, "signals">, timeoutMs: number): BaselineTask {
  const signals = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(url, { type: "module", name: "baseline", deno: { permissions: "none" } });
  const { promise, resolve, reject } = Promise.withResolvers<BaselineResult | undefined>();
  let [heart, heardAt] = [0, performance.now()];
  const watching = setInterval(() => {
    const beats = Atomics.load(signals, HEART);
    if (beats !== heart) [heart, heardAt] = [beats, performance.now()];
    else if (performance.now() - heardAt > timeoutMs) {
      end();
      reject(new Error(`its thread showed no sign of life for ${timeoutMs / 1000} s`));
    }
  }, Math.min(LOOK_MS, timeoutMs));
  function end(): void {
    clearInterval(watching);
    Atomics.store(signals, STOP, 1);
    worker.terminate();
  }
  worker.onmessage = ({ data }: MessageEvent<BaselineReply>) => {
    end();
    if (data.type === "failed") reject(new Error(data.error));
    else resolve(data.type === "done" ? data.result : undefined);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    end();
    reject(new Error(event.message));
  };
  worker.postMessage({ ...start, signals } satisfies BaselineStart);
  return {
    result: promise,
    stop() {
      end();
      resolve(undefined);
    },
  };
}
