/**
 * The models that a process serves by their names. It owns their predictors: one is opened and has answered before requests
 * reach it, and it is closed after it has answered the last one.
 */
import { counted } from "../base/counted.ts";
import { InputError, inputError } from "../base/errors.ts";
import { describe } from "../base/printable.ts";
import { BATCH_SIZES, Histogram } from "./histogram.ts";
import { Canary, type OpenedModel, PARTS, ServedModel } from "./served_model.ts";
import { type ModelShape, type Predictor, type PredictorStatistics, Unavailable } from "./types.ts";

/** The name of a model that was given none. */
export const DEFAULT_NAME = "lockstep";

/** Matches a name, which is a part of a path and a label of metrics. */
export const MODEL_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Limits the predictors of a process, each of which has a thread and a copy of its weights. */
export const MOST_MODELS = 16;

/** A change that the state of the models forbids now. */
export class ModelConflict extends InputError {
}

interface Entry {
  model: ServedModel;
  canary: Canary | undefined;
}

/** A model of a name, and the one that is tried with a share of its requests. */
interface Listed {
  readonly model: ServedModel;
  readonly canary: Pick<Canary, "model" | "share"> | undefined;
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
    for (const [name, model] of opened) {
      this.#entries.set(name, { model: this.#served(name, model), canary: undefined });
    }
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

  /** Lists the models by name, the first one first. */
  get listed(): readonly Listed[] {
    return [...this.#entries.values()];
  }

  /** Lists all models that get requests: those of `listed`, each with its canary behind it. */
  get all(): readonly ServedModel[] {
    return this.listed.flatMap(({ model, canary }) => canary ? [model, canary.model] : [model]);
  }

  get(name: string): Listed | undefined {
    return this.#entries.get(name);
  }

  /** Returns the model of `name`, or the first one, which the caller releases. */
  hold(name?: string): ServedModel | undefined {
    return this.#entry(name)?.model.hold();
  }

  /** Returns the model that predicts for the next request for `name`, or without a name; the caller releases it. */
  take(name?: string): ServedModel | undefined {
    const entry = this.#entry(name);
    return entry?.canary?.isNext() ? entry.canary.model.hold() : entry?.model.hold();
  }

  #entry(name: string | undefined): Entry | undefined {
    return name === undefined ? this.#entries.values().next().value : this.#entries.get(name);
  }

  /**
   * Opens a model, and from one moment on gives it the requests for `name`; those that have this name, also as a canary,
   * answer the requests that they have. Throws what `open` throws, and a ModelConflict; the models are then unchanged.
   */
  async load(name: string, open: () => Promise<OpenedModel>): Promise<ServedModel> {
    if (!MODEL_NAME.test(name)) {
      const message = `name is ${describe(name)}: expected up to 64 letters, digits, - . and _`;
      throw inputError("name", message);
    }
    return await this.#change(name, async () => {
      const model = await this.#opened(name, open);
      const previous = this.#entries.get(name);
      // A name keeps its place.
      this.#entries.set(name, { model, canary: undefined });
      if (model === this.first) this.#onFirst(model);
      retire(previous);
      return model;
    });
  }

  /** Gives `name` no more requests. Throws a ModelConflict for the first model. */
  async unload(name: string): Promise<void> {
    if (name === this.first.name) {
      throw conflict(`model ${name} answers the requests without a name: load another run under its name instead`);
    }
    await this.#change(name, () => {
      retire(this.#entries.get(name));
      this.#entries.delete(name);
    });
  }

  /**
   * Gives a `share` of the requests for `name` to another model, from 0.0001 to 0.9999. It is opened as `load` does unless
   * it has a share already. Throws what `open` throws, and a ModelConflict, also if it takes other inputs.
   */
  async startCanary(name: string, run: string, share: number, open: () => Promise<OpenedModel>): Promise<void> {
    if (!(share >= 1 / PARTS && share <= 1 - 1 / PARTS)) {
      throw inputError("share", `share is ${describe(share)}: expected a number from ${1 / PARTS} to ${1 - 1 / PARTS}`);
    }
    await this.#change(name, async () => {
      const entry = this.#entries.get(name);
      if (!entry) throw conflict(`there is no model ${name} to try another one beside`);
      const previous = entry.canary?.model;
      if (previous?.run === run) {
        entry.canary = new Canary(previous, share);
        return;
      }
      const model = await this.#opened(name, open);
      if (inputsOf(model) !== inputsOf(entry.model)) {
        model.retire();
        throw conflict(
          `run ${run} takes ${inputsOf(model)}: expected ${inputsOf(entry.model)}, as model ${name} takes`,
        );
      }
      entry.canary = new Canary(model, share);
      previous?.retire();
    });
  }

  /** Gives all requests for `name` to its model again. */
  async endCanary(name: string): Promise<void> {
    await this.#change(name, () => {
      const entry = this.#entries.get(name);
      entry?.canary?.model.retire();
      if (entry) entry.canary = undefined;
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

function retire(entry: Entry | undefined): void {
  entry?.model.retire();
  entry?.canary?.model.retire();
}

/** Names what a model takes in a request. */
function inputsOf({ predictor: { shape } }: ServedModel): string {
  const { columns, text, length, vocabulary }: ModelShape = shape;
  if (columns) return `the columns ${columns.map(({ name, kind }) => `${name}:${kind}`).join(",")}`;
  return text ? "texts" : `${counted(length, "token")} from 0 to ${vocabulary - 1}`;
}

function conflict(message: string): ModelConflict {
  return new ModelConflict([{ field: "name", message }]);
}
