/** Trains the baseline in a thread of its own, which gets one message and sends one. */
import { errorMessage } from "../base/errors.ts";
import { Pulse } from "../platform/pulse.ts";
import type { Summary } from "../base/events.ts";
import type { EncodedTable } from "../data/batches/table.ts";
import { startThread } from "../platform/threads.ts";
import type { LinearModel } from "./model.ts";
import { evaluateBaseline, predictRows } from "./evaluate.ts";
import { type BaselineOptions, trainBaseline } from "./train.ts";

export interface BaselineStart extends Omit<BaselineOptions, "stopped"> {
  readonly training: EncodedTable;
  readonly validation: EncodedTable;
  readonly test?: EncodedTable;
  /** Two words: a request to stop, if not 0, and a counter by which the thread shows that it is alive. */
  readonly signals: Int32Array;
}

/** A trained baseline, and its metrics on rows that it was not fitted to. */
export interface BaselineResult {
  readonly model: LinearModel;
  /** `[rows, classes]`: its probabilities of the validation and of the test rows. */
  readonly validation: Float32Array;
  readonly test?: Float32Array;
  readonly metrics: NonNullable<Summary["baseline"]>;
}

export type BaselineReply =
  | { readonly type: "done"; readonly result: BaselineResult }
  | { readonly type: "stopped" }
  | { readonly type: "failed"; readonly error: string };

const [STOP, HEART] = [0, 1];
/** Time between two checks of the counter. */
const LOOK_MS = 500;

/** Trains and evaluates. Never throws. */
export function runBaseline({ training, validation, test, signals, ...options }: BaselineStart): BaselineReply {
  try {
    const stopped = () => {
      Atomics.add(signals, HEART, 1);
      return Atomics.load(signals, STOP) !== 0;
    };
    const baseline = trainBaseline(training, validation, { ...options, stopped });
    if (!baseline) return { type: "stopped" };
    const { model, validation: ofValidation, seconds, rows } = baseline;
    const ofTest = test && predictRows(model, test, stopped);
    if (test && !ofTest) return { type: "stopped" };
    const metrics = {
      validation: evaluateBaseline(ofValidation, validation),
      ...test && ofTest && { test: evaluateBaseline(ofTest, test) },
      seconds,
      ...options.fitsValidation && { refitRows: rows },
    };
    return { type: "done", result: { model, validation: ofValidation, ...ofTest && { test: ofTest }, metrics } };
  } catch (error) {
    return { type: "failed", error: errorMessage(error) };
  }
}

/** Returns the buffers of a reply that are transferred instead of copied. */
export function transferables(reply: BaselineReply): ArrayBuffer[] {
  if (reply.type !== "done") return [];
  const { model: { keys, importance, weights, sparse, bias }, validation, test } = reply.result;
  const ofModel = [keys, importance, weights, bias, ...sparse ? [sparse.starts, sparse.scores] : []];
  return [...ofModel, validation, ...test ? [test] : []].map(({ buffer }) => buffer).filter((
    buffer,
  ) => buffer instanceof ArrayBuffer);
}

/** A baseline in training. */
export interface BaselineTask {
  /** Undefined if it was stopped. Rejects if training failed, or the thread was silent for too long. */
  readonly result: Promise<BaselineResult | undefined>;
  /** Stops training soon; harmless after its end. */
  stop(): void;
}

/** Trains in a thread that runs the module `url` (workers/ngrams.ts) and fails if it is silent for `timeoutMs`. */
export function startBaseline(url: URL, start: Omit<BaselineStart, "signals">, timeoutMs: number): BaselineTask {
  const signals = new Int32Array(new SharedArrayBuffer(8));
  const { promise, resolve, reject } = Promise.withResolvers<BaselineResult | undefined>();
  const pulse = new Pulse();
  const watching = setInterval(() => {
    if (!pulse.isSilent(Atomics.load(signals, HEART), timeoutMs)) return;
    end();
    reject(new Error(`its thread was silent for ${timeoutMs / 1000} s`));
  }, Math.min(LOOK_MS, timeoutMs));
  function end(): void {
    clearInterval(watching);
    Atomics.store(signals, STOP, 1);
    worker.terminate();
  }
  const worker = startThread<BaselineReply>(url, {
    name: "baseline",
    permissions: "none",
    onMessage(reply) {
      end();
      if (reply.type === "failed") reject(new Error(reply.error));
      else resolve(reply.type === "done" ? reply.result : undefined);
    },
    onError(message) {
      end();
      reject(new Error(message));
    },
  });
  worker.postMessage({ ...start, signals } satisfies BaselineStart);
  return {
    result: promise,
    stop() {
      end();
      resolve(undefined);
    },
  };
}
