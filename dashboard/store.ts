/// <reference lib="dom" />
/** Holds all that the page shows, as signals: components read them and are drawn again when they change. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { DataStatistics } from "../lib/data/statistics.ts";
import type { Evaluations } from "../lib/model/evaluation.ts";
import { moment } from "../lib/report/format.ts";
import { runBefore } from "../lib/report/quality.ts";
import { applyDetail } from "../lib/report/run_detail.ts";
import { apply } from "../lib/report/run_events.ts";
import { createView, type RunView } from "../lib/report/run_view.ts";
import type { RunDetail } from "../lib/run/types.ts";
import type { RunEvent } from "../lib/base/events.ts";
import type { ModelList } from "../lib/serve/routes/model_routes.ts";
import type { RunList } from "../lib/serve/routes/run_routes.ts";
import { type Answering, messageOf, modelPath, pathOf, request } from "./api.ts";
import type { Axis } from "./charts/plot.ts";
import { follow, type Follower, type Link } from "./connection.ts";
import { LabelStore } from "./label/label_store.ts";
import { mayOnlyLabel } from "./right.ts";
import { RunStore } from "./runs/run_store.ts";
import { type Address, linkTo, parseAddress } from "./state/address.ts";
import { isExplained } from "./state/question.ts";
import { nameOf } from "./state/served.ts";
import { Explainer } from "./ui/reasons.ts";

/** Minimum time between two draws: people do not read faster, and a replayed history must not draw every event. */
const BETWEEN_MS = 100;

/** Something that was requested; neither `value` nor `error` while it loads. */
export type Loaded<Value> = Readonly<{ value?: Value; error?: string }>;

export class Store implements Follower {
  /** True for a user whose token opens only the routes for labels. */
  readonly mayOnlyLabel: boolean = mayOnlyLabel;
  readonly address: Signal<Address> = signal(
    mayOnlyLabel ? { view: "label", run: undefined } : parseAddress(location),
  );
  /** The run that is shown: a shallow copy, as components are drawn again only for new objects. */
  readonly view: Signal<RunView> = signal(createView(this.address.peek().run ?? ""));
  readonly link: Signal<Link> = signal("connecting");
  /** The server's own words about a run that it has not yet. */
  readonly words: Signal<string> = signal("");
  /** Training time until now. */
  readonly seconds: Signal<number> = signal(0);
  /** Changes every second. */
  readonly tick: Signal<number> = signal(0);
  /** Horizontal axis of all curves. */
  readonly axis: Signal<Axis> = signal("step");
  /** A message about the page itself, until the user dismisses it. */
  readonly notice: Signal<string> = signal("");

  readonly runs: RunStore = new RunStore();

  readonly #restarts = signal(0);
  readonly #run = computed(() => this.view.value.run);
  readonly #files = computed(() => this.view.value.started?.data && pathOf(this.#run.value));
  /** Statistics of the files of the run, if it has some. */
  readonly data = loaded<DataStatistics>(() => this.#files.value && `${this.#files.value}/data`);
  /** The evaluation of a finished run on files. */
  readonly evaluations = loaded<Evaluations>(() => {
    const { summary } = this.view.value;
    return summary?.validation && pathOf(summary.run, "judgement");
  });
  /** All models that the server answers with. */
  readonly models = loaded<ModelList>(() => this.#run.value !== "" && `models#${this.#restarts.value}`);
  /** The model that answers predictions: of the run that is shown, or else the server's first, of another run. */
  readonly model = loaded<Answering>(() => {
    if (this.mayOnlyLabel) return `model#${this.#restarts.value}`;
    const name = nameOf(this.models.value.value?.models ?? [], this.#run.value);
    const path = name === undefined ? "model" : `models/${encodeURIComponent(name)}`;
    // After a restart of the server it may be another one: the fragment makes it another address.
    return this.#run.value !== "" && `${path}#${this.#restarts.value}`;
  });
  /** Explains the mistakes of the evaluated model, if the server answers with it and a row is one text with one label. */
  readonly explainer = computed(() => {
    const { value: model } = this.model.value;
    const isPossible = model?.run === this.#run.value && isExplained(model) && !model.several && !model.columns;
    return isPossible && this.evaluations.value.value ? new Explainer(modelPath(model, "predict")) : undefined;
  });
  /** The newest finished runs, read again when another run is shown, and when that has finished. */
  readonly finished = loaded<RunList>(() => {
    const isFinished = this.view.value.summary !== undefined;
    return this.#files.value && `runs?state=finished&limit=50#${this.#run.value}-${isFinished}`;
  });
  /** The rows that people label, by the address of the model. */
  readonly #labels = new Map<string, LabelStore>();

  #view = this.view.peek();
  #isScheduled = false;
  #drawnAt = -Infinity;
  /** Time of the newest event by this page's own clock: the server's may differ. */
  #newestAt = performance.now();

  /** Shows `run` from the first draw on, if it is known. */
  constructor(run?: RunDetail) {
    if (!run) return;
    this.run(run);
    this.#show();
  }

  /** An earlier run on the same files. */
  get before(): RunDetail | undefined {
    const { run, config } = this.view.value;
    return runBefore(run, config, this.finished.value.value?.runs ?? []);
  }

  /** Follows the run of the address, and the clock; `first` is the answer to the first request for the server's run. */
  start(first?: Promise<RunDetail | undefined>): void {
    setInterval(() => {
      if (document.hidden) return;
      this.tick.value++;
      this.#count();
    }, 1000);
    if (this.mayOnlyLabel) return this.#awaitModel();
    const run = computed(() => this.address.value.run);
    effect(() => {
      const chosen = run.value;
      if (chosen !== undefined && chosen !== this.#view.run) this.#view = createView(chosen);
      this.#draw();
      const gone = new AbortController();
      void follow(chosen, this, gone.signal, chosen === undefined ? first : undefined);
      first = undefined;
      return () => gone.abort();
    });
    this.runs.start(computed(() => this.address.value.view === "runs"), this.tick);
    addEventListener("popstate", () => this.address.value = parseAddress(location));
  }

  /** Asks for the model now and then until the server has one. */
  #awaitModel(): void {
    effect(() => {
      if (this.tick.value % 2 === 0 && this.model.peek().error !== undefined) this.#restarts.value++;
    });
  }

  /** Returns the rows that people label for `model`. They stay while the page is open, also without the server. */
  labelStore(model: Answering): LabelStore {
    const path = modelPath(model, "");
    const known = this.#labels.get(path) ?? new LabelStore(model, !this.mayOnlyLabel);
    this.#labels.set(path, known);
    return known;
  }

  /** Shows `address` and adds it to the history, or replaces the newest entry. */
  go(address: Address, isNew = true): void {
    history[isNew ? "pushState" : "replaceState"](null, "", linkTo(address));
    this.address.value = address;
  }

  run(detail: RunDetail): void {
    if (detail.id !== this.#view.run) this.#view = createView(detail.id);
    applyDetail(this.#view, detail);
    this.#draw();
  }

  event(event: RunEvent): void {
    apply(this.#view, event);
    this.#newestAt = performance.now();
    this.#draw();
  }

  dropped(message: string): void {
    this.notice.value = `${moment(new Date().toISOString())}: ${message}. It continues where it stopped.`;
  }

  became(link: Link, words = ""): void {
    if (["live", "done"].includes(link) && ["reconnecting", "gone"].includes(this.link.peek())) this.#restarts.value++;
    this.link.value = link;
    this.words.value = words;
    this.#draw();
  }

  /** Shows the view in an animation frame soon: once for any number of calls before it. */
  #draw(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const draw = (now: number) => {
      this.#isScheduled = false;
      this.#drawnAt = now;
      this.#show();
    };
    setTimeout(() => requestAnimationFrame(draw), Math.max(0, this.#drawnAt + BETWEEN_MS - performance.now()));
  }

  #show(): void {
    batch(() => {
      this.view.value = { ...this.#view };
      this.#count();
    });
  }

  #count(): void {
    const { phase, seconds } = this.#view;
    const isTicking = this.link.peek() === "live" && (phase === "running" || phase === "stopping");
    this.seconds.value = seconds + (isTicking ? (performance.now() - this.#newestAt) / 1000 : 0);
  }
}

/** Requests the answer at the address that `where` returns, again at each change of it. */
function loaded<Value>(where: () => string | false | undefined): ReadonlySignal<Loaded<Value>> {
  const result = signal<Loaded<Value>>({});
  // Most changes of what it reads leave the address unchanged.
  const address = computed(where);
  effect(() => {
    const path = address.value;
    result.value = {};
    if (!path) return;
    // A late answer to an earlier request is ignored.
    let isNewest = true;
    const settle = (answer: Loaded<Value>) => void (isNewest && (result.value = answer));
    request<Value>(path).then((value) => settle({ value }), (error) => settle({ error: messageOf(error) }));
    return () => isNewest = false;
  });
  return result;
}
