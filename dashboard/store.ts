/// <reference lib="dom" />
/** Holds all that the page shows, as signals: components read them and are drawn again when they change. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ModelInfo } from "../lib/predict/types.ts";
import type { RunDetail } from "../lib/run/types.ts";
import { messageOf, model, runData, runEvaluation, runList } from "./api.ts";
import type { Axis } from "./charts/chart.ts";
import { onSchemeChange } from "./charts/theme.ts";
import { Connection, type Link } from "./connection.ts";
import { type Address, linkTo, parseAddress } from "./state/address.ts";
import { RunStore } from "./runs/run_store.ts";
import { moment } from "../lib/report/format.ts";
import { runBefore } from "../lib/report/quality.ts";
import { applyDetail } from "../lib/report/run_detail.ts";
import { apply } from "../lib/report/run_events.ts";
import { createView, type RunView } from "../lib/report/run_view.ts";

/** Minimum time between two draws: people do not read faster, and a replayed history must not draw every event. */
const BETWEEN_MS = 100;

/** Most finished runs among which the one before this run is looked for. */
const EARLIER = 50;

/** Something that was requested; neither `value` nor `error` while it loads. */
export interface Loaded<Value> {
  readonly value?: Value;
  readonly error?: string;
}

export class Store {
  readonly address: Signal<Address> = signal(parseAddress(location));
  /** The run that is shown: a shallow copy, as components are drawn again only for new objects. */
  readonly view: Signal<RunView> = signal(createView(this.address.peek().run ?? ""));
  readonly link: Signal<Link> = signal("connecting");
  /** Training time until now. */
  readonly seconds: Signal<number> = signal(0);
  /** Changes every second. */
  readonly tick: Signal<number> = signal(0);
  /** Horizontal axis of all curves. */
  readonly axis: Signal<Axis> = signal("step");
  /** A message about the page itself, until the user dismisses it. */
  readonly notice: Signal<string> = signal("");
  /** The model that answers predictions: the server's, which may be of another run than the one that is shown. */
  readonly model: Signal<Loaded<ModelInfo>> = signal({});

  readonly runs: RunStore = new RunStore();

  readonly summary = computed(() => this.view.value.summary);
  readonly #withFiles = computed(() => {
    const { run, started } = this.view.value;
    return started?.data ? run : undefined;
  });
  /** Statistics of the files of the run, if it has some. */
  readonly data = loaded(this.#withFiles, runData);
  /** The evaluation of a finished run on files. A run that was resumed has another one when it ends. */
  readonly evaluations = loaded(
    computed(() => this.summary.value?.validation ? this.summary.value : undefined),
    ({ run }) => runEvaluation(run),
  );
  readonly #before = loaded(this.#withFiles, async (run) => {
    const { runs } = await runList({ limit: EARLIER, state: "finished" });
    return runBefore(run, this.view.peek().config, runs);
  });

  #view = this.view.peek();
  #isScheduled = false;
  #drawnAt = -Infinity;
  /** Time of the newest event by this page's own clock: the server's may differ. */
  #newestAt = performance.now();

  /** An earlier run on the same files. */
  get before(): RunDetail | undefined {
    return this.#before.value.value;
  }

  /** Follows the run of the address, and the clock. */
  start(): void {
    const connection = new Connection({
      run: (detail) => {
        if (detail.id !== this.#view.run) {
          this.#view = createView(detail.id);
          void this.loadModel();
        }
        applyDetail(this.#view, detail);
        this.#draw();
      },
      event: (event) => {
        apply(this.#view, event);
        this.#newestAt = performance.now();
        this.#draw();
      },
      dropped: (message) => {
        this.notice.value = `${moment(new Date().toISOString())}: ${message}. It continues where it stopped.`;
      },
      link: (now) => {
        if (now === "live" && this.link.peek() === "reconnecting") void this.loadModel();
        this.link.value = now;
        this.#draw();
      },
    });
    const run = computed(() => this.address.value.run);
    effect(() => {
      const chosen = run.value;
      if (chosen !== undefined && chosen !== this.#view.run) this.#view = createView(chosen);
      connection.choose(chosen);
      this.#draw();
    });
    this.runs.start(computed(() => this.address.value.view === "runs"));
    addEventListener("popstate", () => this.address.value = parseAddress(location));
    onSchemeChange();
    setInterval(() => {
      if (document.hidden) return;
      this.tick.value++;
      this.#count();
    }, 1000);
    // Predictions are from the server's own model, also while the page shows another run.
    if (run.peek() !== undefined) void this.loadModel();
  }

  /** Shows `address` and adds it to the history, or replaces the newest entry. */
  go(address: Address, isNew = true): void {
    const link = linkTo(address);
    if (isNew) history.pushState(null, "", link);
    else history.replaceState(null, "", link);
    this.address.value = address;
  }

  async loadModel(): Promise<void> {
    try {
      this.model.value = { value: await model() };
    } catch (error) {
      this.model.value = { ...this.model.peek(), error: messageOf(error) };
    }
  }

  /** Shows the view in an animation frame soon: once for any number of calls before it. */
  #draw(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setTimeout(() =>
      requestAnimationFrame((now) => {
        this.#isScheduled = false;
        this.#drawnAt = now;
        batch(() => {
          this.view.value = { ...this.#view };
          this.#count();
        });
      }), Math.max(0, this.#drawnAt + BETWEEN_MS - performance.now()));
  }

  #count(): void {
    const { phase, seconds } = this.#view;
    const isTicking = this.link.peek() === "live" && (phase === "running" || phase === "stopping");
    this.seconds.value = seconds + (isTicking ? (performance.now() - this.#newestAt) / 1000 : 0);
  }
}

/** Requests something for each new `key`; nothing while it is undefined. */
function loaded<Key, Value>(
  key: ReadonlySignal<Key | undefined>,
  read: (key: Key) => Promise<Value>,
): ReadonlySignal<Loaded<Value>> {
  const result = signal<Loaded<Value>>({});
  effect(() => {
    const wanted = key.value;
    result.value = {};
    if (wanted === undefined) return;
    // A late answer for another key is ignored.
    const settle = (answer: Loaded<Value>) => void (key.peek() === wanted && (result.value = answer));
    read(wanted).then((value) => settle({ value }), (error) => settle({ error: messageOf(error) }));
  });
  return result;
}
