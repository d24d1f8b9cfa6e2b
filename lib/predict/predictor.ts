/**
 * Predicts in a thread of its own, which neither requests nor training can block for long: requests that arrive while
 * batches are computed are gathered into the next one.
 */
import { clearImmediate, setImmediate } from "node:timers";
import { errorMessage } from "../base/errors.ts";
import { engineName } from "../engine/create_engine.ts";
import { trainedModel } from "../model/task_model.ts";
import type { Newest, TrainedModel } from "./trained_model.ts";
import { type AnswerOptions, prediction, thresholdsFor } from "../standalone/answers.ts";
import { createReader } from "../standalone/reader.ts";
import { idsOf, joinSequences } from "../standalone/readings.ts";
import { KEPT_VERSIONS } from "./batch_predictor.ts";
import { BATCH_SIZES, Histogram } from "./histogram.ts";
import type { BatchOptions, Outcome } from "./protocol.ts";
import { RequestQueue, sizeOf } from "./queue.ts";
import { ThreadClient } from "./thread_client.ts";
import type { Answer, Input, ModelInfo, ModelShape, PredictOptions, Predictor, PredictorLimits } from "./types.ts";
import { type PredictorStatistics, type Reader, Unavailable, UnknownVersion } from "./types.ts";

export interface PredictorOptions extends Pick<BatchOptions, "native"> {
  readonly model: Omit<TrainedModel, "version">;
  /** Where the newest weights are: another object when they are elsewhere. */
  readonly newest: () => Newest;
  /** The kept checkpoints: their rounds, the newest first, and the bytes of one, undefined if it is gone. */
  readonly checkpoints: {
    list(): Promise<readonly number[]>;
    read(round: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  };
  /** The module that the thread runs: workers/predict.ts. */
  readonly workerUrl: URL;
  readonly limits: PredictorLimits;
  /** Called when the thread is lost and replaced. */
  readonly onIncident: (message: string) => void;
}

interface Waiting {
  readonly inputs: readonly Input[];
  readonly version: number | undefined;
  readonly explain: boolean | undefined;
  readonly answers: AnswerOptions;
  /** Aborts when the client disconnects; undefined once it is listened to. */
  signal: (() => AbortSignal) | undefined;
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests that wait for so long are checked for a client that is still there: the check costs a third of an answer. */
const WATCH_MS = 20;

/** Time between two attempts to start a thread that cannot start. */
const RETRY_MS = 1000;

export class ThreadPredictor implements Predictor {
  readonly shape: ModelShape;
  readonly reader: Reader;
  readonly #options: PredictorOptions;
  readonly #batchOptions: BatchOptions;
  readonly #queue: RequestQueue<Waiting>;
  #thread: ThreadClient | undefined;
  /** True until a thread that replaces another is ready. */
  #replacing = false;
  #startAgainAt = 0;
  #sent: Newest | undefined;
  /** Versions that the thread keeps, the one kept longest first. */
  readonly #kept = new Map<number, Promise<unknown>>();
  /** Batches that the thread has, and their sequences. */
  #sentBatches = 0;
  #computing = 0;
  /** Cancels the batch that is about to be sent. */
  #delay: (() => void) | undefined;
  readonly #batchSizes = new Histogram(BATCH_SIZES);
  #restarts = 0;
  #closed = false;
  #watching: ReturnType<typeof setTimeout> | undefined;

  /** The thread starts with the first request. */
  constructor(options: PredictorOptions) {
    const { model: { run, config, labels, preprocessing }, limits } = options;
    const { vocabulary, length } = config;
    const { spec } = trainedModel(config, labels);
    this.#options = options;
    const columns = preprocessing?.columns?.map(({ name, kind }) => ({ name, kind }));
    const more = { ...spec.labels && { several: true }, ...columns && { columns } };
    this.shape = { run, labels, vocabulary, length, text: preprocessing !== undefined, ...more };
    this.reader = createReader(this.shape, preprocessing, { served: true });
    this.#batchOptions = { config, spec, preprocessing, maxBatch: limits.batchMax, maxLength: length };
    this.#queue = new RequestQueue({ ...limits, fillsBatches: limits.batchDelayMs > 0 });
  }

  async model(version?: number): Promise<ModelInfo> {
    const { round, digest } = await this.predict([], { version });
    return { ...this.shape, round, digest };
  }

  predict(inputs: readonly Input[], options: PredictOptions = {}): Promise<Answer> {
    const { version } = options;
    if (version === undefined) return this.#enqueue(inputs, options);
    return this.#keep(version).then(() => this.#enqueue(inputs, options));
  }

  #enqueue(
    inputs: readonly Input[],
    { version, explain, signal, reject: wanted, ...options }: PredictOptions,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const newest = this.#options.newest();
      const { several = false, labels } = this.shape;
      const thresholds = thresholdsFor({ several, labels, ..."memory" in newest ? {} : newest }, wanted);
      this.#start();
      const answers = { ...options, ...thresholds };
      this.#queue.add({ inputs, version, explain, answers, signal, since: performance.now(), resolve, reject });
      if (signal) this.#watching ??= setTimeout(() => this.#watch(), WATCH_MS);
      this.#sendSoon();
    });
  }

  /** Listens to the signals of requests that wait for long. */
  #watch(): void {
    this.#watching = undefined;
    const before = performance.now() - WATCH_MS;
    for (const waiting of this.#queue.items()) {
      if (waiting.since > before) break;
      const signal = waiting.signal?.();
      waiting.signal = undefined;
      if (!signal) continue;
      const leave = () => {
        this.#queue.remove(waiting);
        waiting.reject(signal.reason);
      };
      if (signal.aborted) leave();
      else signal.addEventListener("abort", leave, { once: true });
    }
    if (!this.#queue.isEmpty) this.#watching = setTimeout(() => this.#watch(), WATCH_MS);
  }

  versions(): Promise<readonly number[]> {
    return this.#options.checkpoints.list();
  }

  statistics(): PredictorStatistics {
    return {
      engine: engineName(this.#batchOptions.config, this.#options.native),
      queued: this.#queue.sequences,
      computing: this.#computing,
      batchSizes: this.#batchSizes,
      restarts: this.#restarts,
    };
  }

  /** Ends the thread; waiting requests get an Unavailable. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#watching);
    this.#thread?.close();
    this.#refuseAll(new Unavailable("the server is ending"));
  }

  /** Returns the thread, and starts it if necessary. Throws an Unavailable if it cannot be used now. */
  #start(): ThreadClient {
    if (this.#closed) throw new Unavailable("the server is ending");
    if (this.#replacing) throw new Unavailable("the prediction thread was lost and is being replaced");
    if (this.#thread) return this.#thread;
    if (performance.now() < this.#startAgainAt) throw new Unavailable("the prediction thread could not start");
    const { workerUrl, native, limits: { timeoutMs } } = this.#options;
    let isOpen = false;
    // A thread that was lost before it was open is not replaced at once: the next one would be lost as well.
    const onLost = (reason: string) => isOpen ? this.#replace(reason) : this.#giveUp(thread, reason);
    const thread = new ThreadClient({ workerUrl, native, timeoutMs, onLost });
    this.#thread = thread;
    this.#sent = undefined;
    this.#kept.clear();
    thread.ask({ type: "open", options: { ...this.#batchOptions, native: thread.native } }).then(() => {
      isOpen = true;
      this.#replacing = false;
    }, (error) => {
      if (this.#thread === thread) this.#giveUp(thread, errorMessage(error));
    });
    return thread;
  }

  /** Handles a thread that could not start. */
  #giveUp(thread: ThreadClient, reason: string): void {
    this.#thread = undefined;
    this.#replacing = false;
    this.#startAgainAt = performance.now() + RETRY_MS;
    const message = `the prediction thread could not start: ${reason}`;
    thread.close(message);
    this.#refuseAll(new Unavailable(message));
    if (!this.#closed) this.#options.onIncident(message);
  }

  #replace(reason: string): void {
    this.#options.onIncident(`The prediction thread was lost: ${reason}; another one replaces it`);
    this.#restarts++;
    this.#thread = undefined;
    this.#replacing = false;
    this.#refuseAll(new Unavailable(`the prediction thread was lost: ${reason}`));
    this.#start();
    this.#replacing = true;
  }

  #refuseAll(error: Unavailable): void {
    this.#delay?.();
    this.#delay = undefined;
    for (const { reject } of this.#queue.clear()) reject(error);
  }

  /** Sends waiting requests after this turn of the event loop, which may bring more, or after the delay. */
  #sendSoon(): void {
    if (this.#delay || this.#queue.isEmpty) return;
    const { batchDelayMs } = this.#options.limits;
    const send = () => {
      this.#delay = undefined;
      this.#sendWaiting();
    };
    if (batchDelayMs === 0) {
      const timer = setImmediate(send);
      this.#delay = () => clearImmediate(timer);
    } else {
      const timer = setTimeout(send, batchDelayMs);
      this.#delay = () => clearTimeout(timer);
    }
  }

  #sendWaiting(): void {
    const take = () => this.#queue.take(this.#sentBatches, this.#computing);
    for (let batch = take(); batch.length > 0; batch = take()) this.#send(batch);
  }

  #send(batch: readonly Waiting[]): void {
    const { version, explain } = batch[0]!;
    const thread = this.#thread!;
    const newest = this.#options.newest();
    // If it fails, so does the prediction, whose failure is handled below.
    if (newest !== this.#sent) thread.ask({ type: "newest", newest }).catch(() => {});
    this.#sent = newest;
    const inputs: Input[] = [];
    for (const waiting of batch) inputs.push(...waiting.inputs);
    const sentAt = performance.now();
    const count = sizeOf({ inputs, explain });
    this.#sentBatches++;
    this.#computing += count;
    // A request for the version computes nothing.
    if (count > 0) this.#batchSizes.observe(count);
    const asked = this.shape.text ? inputs : joinSequences(inputs.map(idsOf));
    thread.ask({ type: "predict", version, explain, inputs: asked }).then(
      (outcome) => {
        this.#sentBatches--;
        this.#computing -= count;
        // First, so that the thread computes while this one writes answers.
        if (this.#options.limits.batchDelayMs === 0) this.#sendWaiting();
        else this.#sendSoon();
        this.#answer(batch, outcome!, sentAt);
      },
      (error) => {
        this.#sentBatches--;
        this.#computing -= count;
        const reason = error instanceof Unavailable ? error : new Unavailable(errorMessage(error));
        for (const { reject } of batch) reject(reason);
        this.#sendSoon();
      },
    );
  }

  #answer(batch: readonly Waiting[], outcome: Outcome, sentAt: number): void {
    const { run, labels } = this.shape;
    const { round, digest, computeMs, unread } = outcome;
    let row = 0;
    for (const { inputs, answers, since, resolve, reject } of batch) {
      const first = row;
      const predictions = inputs.map(() => prediction(outcome, row++, labels, answers));
      const failed = unread.find((one) => one.row >= first && one.row < row);
      if (failed) reject(new Error(`A text cannot be cut into tokens: ${failed.error}`));
      else resolve({ run, round, digest, predictions, queueMs: sentAt - since, computeMs });
    }
  }

  /** Ensures that the thread has the weights of round `version`. Throws an UnknownVersion if they are not kept. */
  async #keep(version: number): Promise<void> {
    this.#start();
    const keeping = this.#kept.get(version) ?? this.#load(version);
    this.#kept.set(version, keeping);
    // As BatchPredictor.keep does.
    if (this.#kept.size > KEPT_VERSIONS) this.#kept.delete(this.#kept.keys().next().value!);
    try {
      await keeping;
    } catch (error) {
      this.#kept.delete(version);
      throw error;
    }
  }

  async #load(version: number): Promise<void> {
    const bytes = await this.#options.checkpoints.read(version);
    if (!bytes) throw new UnknownVersion(`there is no version ${version}`);
    await this.#start().ask({ type: "checkpoint", round: version, bytes });
  }
}
