/**
 * The models that a process serves by their names. It owns their predictors: one is opened and has answered before requests
 * reach it, and it is closed after it has answered the last one.
 */
import { InputError, inputError } from "../base/errors.ts";
import { describe } from "../base/printable.ts";
import { type Predictor, type PredictorStatistics, Unavailable } from "./types.ts";
import { BATCH_SIZES, Histogram } from "./histogram.ts";

/** The name of a model that was given none. */
export const DEFAULT_NAME = "lockstep";

/** Matches a name, which is a part of a path and a label of metrics. */
export const MODEL_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Limits the predictors of a process, each of which has a thread and a copy of its weights. */
export const MOST_MODELS = 16;

/** A predictor with all that it holds. */
export interface OpenedModel {
  readonly predictor: Predictor;
  /** Digest and bytes of its weights; undefined if they change. */
  readonly digest?: string;
  readonly bytes?: number;
  close(): void;
}

/** A change that the state of the models forbids now. */
export class ModelConflict extends InputError {
}

/** An open predictor under a name. Requests hold it, so that it answers them even if another one has taken its place. */
export class ServedModel {
  readonly name: string;
  readonly predictor: Predictor;
  readonly digest: string | undefined;
  readonly bytes: number | undefined;
  /** Requests for predictions that it answered. */
  answers = 0;
  readonly #free: () => void;
  #holders = 0;
  #isRetired = false;
  #isClosed = false;

  constructor(name: string, { predictor, digest, bytes, close }: OpenedModel) {
    this.name = name;
    this.predictor = predictor;
    this.digest = digest;
    this.bytes = bytes;
    this.#free = close;
  }

  get run(): string {
    return this.predictor.shape.run;
  }

  /** Keeps it open until a `release()` for each `hold()`. */
  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    this.#holders--;
    if (this.#isRetired && this.#holders === 0) this.close();
  }

  /** Closes it when no request holds it. */
  retire(): void {
    this.#isRetired = true;
    if (this.#holders === 0) this.close();
  }

  /** Closes it at once: requests that it has not answered are refused. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#free();
  }
}

interface Entry {
  model: ServedModel;
}

export class ServedModels {
  readonly #entries = new Map<string, Entry>();
  readonly #changing = new Set<string>();
  readonly #onFirst: (first: ServedModel) => void;
  /** Open models, also those that only answer their last requests, and the number of those that are being opened. */
  readonly #open = new Set<ServedModel>();
  #opening = 0;
  #isClosed = false;
  /** Counts the changes. */
  revision = 0;

  /** The first model of `opened` answers requests without a name. `onFirst` is called when another takes its place. */
  constructor(
    opened: Iterable<readonly [name: string, opened: OpenedModel]>,
    onFirst: (first: ServedModel) => void = () => {},
  ) {
    for (const [name, model] of opened) this.#entries.set(name, { model: this.#served(name, model) });
    this.#onFirst = onFirst;
  }

  /** Serves one predictor, which its owner closes. */
  static only(predictor: Predictor): ServedModels {
    return new ServedModels([[DEFAULT_NAME, { predictor, close: () => {} }]]);
  }

  /** The model that answers requests without a name. It cannot be unloaded. */
  get first(): ServedModel {
    return this.#entries.values().next().value!.model;
  }

  /** Lists the models, the first one first. */
  get all(): readonly ServedModel[] {
    return [...this.#entries.values()].map(({ model }) => model);
  }

  get(name: string): ServedModel | undefined {
    return this.#entries.get(name)?.model;
  }

  /** Returns the model that answers the next request for `name`, or without a name; the caller releases it. */
  take(name?: string): ServedModel | undefined {
    const entry = name === undefined ? this.#entries.values().next().value : this.#entries.get(name);
    return entry?.model.hold();
  }

  /**
   * Opens a model, and from one moment on gives it the requests for `name`; one that has this name answers those that it
   * has. Throws what `open` throws, and a ModelConflict; the models are then unchanged.
   */
  async load(name: string, open: () => Promise<OpenedModel>): Promise<ServedModel> {
    if (!MODEL_NAME.test(name)) {
      const message = `name is ${describe(name)}: expected up to 64 letters, digits, - . and _`;
      throw inputError("name", message);
    }
    return await this.#change(name, async () => {
      const model = await this.#opened(name, open);
      const entry = this.#entries.get(name);
      const previous = entry?.model;
      if (entry) entry.model = model;
      else this.#entries.set(name, { model });
      if (model === this.first) this.#onFirst(model);
      previous?.retire();
      return model;
    });
  }

  /** Gives `name` no more requests. Throws a ModelConflict for the first model. */
  async unload(name: string): Promise<void> {
    if (name === this.first.name) {
      throw conflict(`model ${name} answers the requests without a name: load another run under its name instead`);
    }
    await this.#change(name, () => {
      this.#entries.get(name)?.model.retire();
      this.#entries.delete(name);
    });
  }

  /** Returns numbers for monitoring, of all models together. */
  statistics(): PredictorStatistics {
    const [first, ...others] = this.all.map(({ predictor }) => predictor.statistics());
    if (others.length === 0) return first!;
    const batchSizes = new Histogram(BATCH_SIZES);
    const sum = { engine: first!.engine, queued: 0, computing: 0, restarts: 0 };
    for (const { queued, computing, restarts, batchSizes: own } of [first!, ...others]) {
      sum.queued += queued;
      sum.computing += computing;
      sum.restarts += restarts;
      batchSizes.add(own);
    }
    return { ...sum, batchSizes };
  }

  /** Closes all models at once, and those that are being opened when they are open. */
  close(): void {
    this.#isClosed = true;
    for (const model of this.#open) model.close();
  }

  /** Makes one change of a name at a time. */
  async #change<Result>(name: string, change: () => Result | Promise<Result>): Promise<Result> {
    if (this.#changing.has(name)) {
      throw conflict(`model ${name} is being loaded by another request: wait until it has ended`);
    }
    this.#changing.add(name);
    try {
      const result = await change();
      this.revision++;
      return result;
    } finally {
      this.#changing.delete(name);
    }
  }

  /** Opens a model, and waits until it answers. */
  async #opened(name: string, open: () => Promise<OpenedModel>): Promise<ServedModel> {
    if (this.#open.size + this.#opening >= MOST_MODELS) {
      throw conflict(`${MOST_MODELS} models are open, the most that a process serves: unload one first`);
    }
    this.#opening++;
    let opened: OpenedModel | undefined;
    try {
      opened = await open();
      await opened.predictor.model();
      if (this.#isClosed) throw new Unavailable("the server is ending");
      return this.#served(name, opened);
    } catch (error) {
      opened?.close();
      throw error;
    } finally {
      this.#opening--;
    }
  }

  #served(name: string, opened: OpenedModel): ServedModel {
    const model: ServedModel = new ServedModel(name, {
      ...opened,
      close: () => {
        this.#open.delete(model);
        opened.close();
      },
    });
    this.#open.add(model);
    return model;
  }
}

function conflict(message: string): ModelConflict {
  return new ModelConflict([{ field: "name", message }]);
}
