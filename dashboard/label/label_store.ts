/// <reference lib="dom" />
/** The rows that wait for labels, what the user chose and typed, and what was labelled since the page is open. */
import { batch, computed, effect, type Signal, signal } from "@preact/signals";
import type { ExampleOverview } from "../../lib/predict/labelling.ts";
import type { UncertainInput } from "../../lib/predict/uncertain.ts";
import { type Answering, modelPath, predict, Refusal, request } from "../api.ts";
import { guessesOf, type Item, itemOf, problemText } from "../state/labelling.ts";
import { questionsOf, type Texts } from "../state/question.ts";

/** A row with the labels that it got. */
export interface Labelled {
  /** Its id among the examples of a run. */
  readonly id: number;
  readonly run: string;
  readonly item: Item;
  readonly labels: readonly string[];
}

/** Rows that are requested at once, besides those that the user skipped, and the most that the server sends. */
const AHEAD = 10;
const MOST_LISTED = 1000;
/** Time after which the model and its examples are read again, as others label too; sooner while the server trains. */
const FRESH_MS = 30_000;

export class LabelStore {
  /** The row that is shown; undefined while the user types one, or none is left. */
  readonly item: Signal<Item | undefined> = signal(undefined);
  /** Labels that are chosen for the row, where it may have several. */
  readonly picked: Signal<readonly string[]> = signal([]);
  /** Rows that wait behind the one that is shown, the least sure first. */
  readonly queue: Signal<readonly Item[]> = signal([]);
  /** Number of all rows that wait, with the one that is shown. */
  readonly left: Signal<number> = signal(0);
  readonly skipped: Signal<readonly Item[]> = signal([]);
  /** The newest first. */
  readonly labelled: Signal<readonly Labelled[]> = signal([]);
  /** The texts in the fields for rows and labels, and the user's name. They survive a reload. */
  readonly texts: Signal<Texts> = remembered("texts", []);
  readonly typed: Signal<string> = remembered("label", "");
  readonly who: Signal<string> = remembered("who", "");
  /** Says what was not done; "" if all was. */
  readonly problem: Signal<string> = signal("");
  /** Says what was done last. */
  readonly said: Signal<string> = signal("");
  /** True once the server has said which rows wait. */
  readonly isLoaded: Signal<boolean> = signal(false);
  /** The newest description of the model. */
  readonly model: Signal<Answering>;
  readonly #examples: Signal<ExampleOverview | undefined> = signal(undefined);
  /** All labels: those of the model, of its examples, and of this user. */
  readonly labels = computed(() => [
    ...new Set([
      ...this.model.value.labels,
      ...this.#examples.value?.labels.map(({ label }) => label) ?? [],
      ...this.labelled.value.flatMap(({ labels }) => labels).reverse(),
    ]),
  ]);
  /** Labels that the user gave, the newest first. */
  readonly recent = computed(() => [...new Set(this.labelled.value.flatMap(({ labels }) => labels))]);
  /** Number of examples in the file; undefined until it is known. */
  readonly count = computed(() => this.#examples.value && this.#examples.value.count + this.#since.value);
  /** The state of the training on examples, if the server does that. */
  readonly retraining = computed(() => {
    const { retraining } = this.#examples.value ?? {};
    return retraining && { ...retraining, examples: Math.max(0, retraining.examples + this.#since.value) };
  });
  /** Examples that the user added since their number was read, less those taken back. */
  readonly #since = signal(0);
  #readAt = -Infinity;
  /** Rows whose label was taken back, by key: the server has forgotten them. */
  readonly #returned = new Map<string, Item>();
  #isBusy = false;
  /** The problem of a load, which a later load removes. */
  #unread = "";
  #requests = 0;
  readonly #mayPredict: boolean;

  /** `mayPredict` says whether the user may ask the model for the labels of a typed text. */
  constructor(model: Answering, mayPredict: boolean) {
    this.model = signal(model);
    this.#mayPredict = mayPredict;
  }

  /** Reads which rows wait, and shows the first one at the beginning. Rows that the user labelled are not shown again. */
  async load(): Promise<void> {
    const newest = ++this.#requests;
    try {
      const isTraining = Boolean(this.retraining.peek()?.training);
      if (isTraining || performance.now() - this.#readAt > FRESH_MS) await this.#readExamples();
      const limit = Math.min(MOST_LISTED, AHEAD + this.skipped.peek().length);
      const { inputs, kept } = this.model.peek().collects?.uncertain
        ? await this.#ask<{ inputs: UncertainInput[]; kept: number }>(`uncertain?limit=${limit}`)
        : { inputs: [], kept: 0 };
      if (newest !== this.#requests) return;
      const known = new Set(
        [this.item.peek(), ...this.skipped.peek(), ...this.labelled.peek().map(({ item }) => item)]
          .map((item) => item?.key),
      );
      const all = inputs.map(({ row, label, labels, probabilities }) => {
        const given = labels ?? (label === null ? [] : [label]);
        return itemOf(row, { guesses: probabilities, given });
      });
      batch(() => {
        const returned = [...this.#returned.values()];
        this.left.value = Math.max(0, kept + returned.length - this.skipped.peek().length);
        this.queue.value = [...returned, ...all].filter(({ key }) => !known.has(key));
        if (!this.isLoaded.peek() && !this.isTyping) this.#show(this.#first(), this.typed.peek());
        this.isLoaded.value = true;
        if (this.problem.peek() === this.#unread) this.problem.value = "";
      });
    } catch (error) {
      if (newest !== this.#requests) return;
      // A label that was not saved is more important.
      if (this.problem.peek() === "") this.problem.value = this.#unread = problemText(error, "The texts were not read");
      this.isLoaded.value = true;
    }
  }

  /** True while there is a text in the fields of a row. */
  get isTyping(): boolean {
    return this.texts.peek().some((text) => text !== "");
  }

  /** Shows the next row; none if none waits. */
  next(): void {
    this.#show(this.#first());
  }

  #first(): Item | undefined {
    const [first, ...others] = this.queue.peek();
    this.queue.value = others;
    return first;
  }

  /** Shows the rows again that the user skipped. */
  again(): void {
    this.queue.value = [...this.queue.peek(), ...this.skipped.peek()];
    this.left.value += this.skipped.peek().length;
    this.skipped.value = [];
    this.next();
  }

  /** Leaves the row for later: a typed one stays in its fields. */
  skip(): void {
    const item = this.item.peek();
    if (!item) return;
    batch(() => {
      if (item.texts) return this.#show(undefined);
      this.skipped.value = [...this.skipped.peek(), item];
      this.left.value--;
      this.said.value = "Skipped.";
      this.next();
    });
    void this.load();
  }

  /** Leaves the row for the fields in which the user types one. */
  write(): void {
    const item = this.item.peek();
    if (item && !item.texts) this.queue.value = [item, ...this.queue.peek()];
    this.#show(undefined);
  }

  /** Shows the row in the fields, with the model's guesses. */
  async take(): Promise<void> {
    const model = this.model.peek();
    const texts = this.texts.peek();
    const [row] = questionsOf(texts, model, false);
    if (!row) {
      this.problem.value = `${model.columns ? "Fill in a field" : "Type a text"} first`;
      return;
    }
    await this.#do("The model was not asked", async () => {
      const answers = this.#mayPredict ? await predict([row], false, modelPath(model, "predict")) : undefined;
      const guessed = answers ? guessesOf(answers.predictions[0]!, model.labels) : { guesses: [], given: [] };
      this.#show(itemOf({ ...row }, { ...guessed, texts }));
    });
  }

  /** Sends `labels` for the row, and shows the next one. The row stays if the server refuses them. */
  async label(labels: readonly string[]): Promise<void> {
    const item = this.item.peek();
    const { several = false } = this.model.peek();
    if (!item || labels.length === 0 && !several) return;
    const who = this.who.peek().trim();
    const example = { ...item.row, label: several ? labels : labels[0] };
    await this.#do("The label was not saved", async () => {
      const { ids } = await this.#ask<{ ids: number[] }>("examples", "POST", {
        examples: [example],
        ...who !== "" && { who },
      });
      batch(() => {
        const { run } = this.model.peek();
        this.labelled.value = [{ id: ids[0]!, run, item, labels }, ...this.labelled.peek()];
        this.#since.value++;
        this.said.value = `Labelled: ${labels.join(", ") || "no label"}.`;
        if (item.texts) {
          this.texts.value = [];
          this.#show(undefined);
        } else {
          this.#returned.delete(item.key);
          this.left.value--;
          this.next();
        }
      });
      void this.load();
    });
  }

  /** Takes the label back that was given last, or the one of `id`, and shows its row again. */
  async undo(id: number | undefined = this.labelled.peek()[0]?.id): Promise<void> {
    const undone = this.labelled.peek().find((one) => one.id === id);
    if (!undone) return;
    await this.#do("The label was not removed", async () => {
      const model = this.model.value = await this.#readModel();
      // The ids of another run's examples are others, unless the server itself continued the run with them.
      if (model.run !== undone.run && !this.retraining.peek()) {
        throw new Refusal(`the server has the model of run ${model.run} now`, [], 409);
      }
      await this.#ask(`examples/${undone.id}`, "DELETE");
      const item = this.item.peek();
      batch(() => {
        if (item && !item.texts) this.queue.value = [item, ...this.queue.peek()];
        this.labelled.value = this.labelled.peek().filter((one) => one !== undone);
        this.#since.value--;
        this.said.value = `Removed: ${undone.labels.join(", ") || "no label"}.`;
        if (!undone.item.texts) {
          this.#returned.set(undone.item.key, undone.item);
          this.left.value++;
        } else if (!this.isTyping) this.texts.value = undone.item.texts;
        this.#show(undone.item);
        this.picked.value = undone.labels;
      });
    });
  }

  #show(item: Item | undefined, typed = ""): void {
    this.item.value = item;
    this.picked.value = item?.given ?? [];
    this.typed.value = typed;
  }

  async #readExamples(): Promise<void> {
    this.model.value = await this.#readModel();
    const examples = await this.#ask<ExampleOverview>("examples");
    batch(() => {
      this.#examples.value = examples;
      this.#since.value = 0;
    });
    this.#readAt = performance.now();
  }

  #readModel(): Promise<Answering> {
    const { name } = this.model.peek();
    return request(name === undefined ? "model" : `models/${encodeURIComponent(name)}`);
  }

  /** Does one thing at a time; a key that is pressed meanwhile does nothing: it was meant for another row. */
  async #do(undone: string, action: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await action();
      this.problem.value = "";
    } catch (error) {
      this.problem.value = problemText(error, undone);
    } finally {
      this.#isBusy = false;
    }
  }

  #ask<Answer>(path: string, method = "GET", body?: unknown): Promise<Answer> {
    return request(modelPath(this.model.peek(), path), method, body);
  }
}

/** Returns a signal whose value the browser keeps for this tab. */
function remembered<Value>(name: string, first: Value): Signal<Value> {
  const key = `lockstep-${name}`;
  const value = signal(first);
  // A browser may forbid it, or have no room.
  const tried = (use: () => void) => {
    try {
      use();
    } catch {
      // The value is then forgotten with the page.
    }
  };
  tried(() => {
    const saved = sessionStorage.getItem(key);
    if (saved !== null) value.value = JSON.parse(saved);
  });
  effect(() => {
    const text = JSON.stringify(value.value);
    tried(() => sessionStorage.setItem(key, text));
  });
  return value;
}
