/**
 * Searches for the config with the best `metric` within some minutes: trains trials side by side, one worker each. A trial
 * is a run like any other, with the search as its tag; its result depends only on its config, and the clock decides only
 * how many there are.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { InputError, inputError, TrainingError } from "../../base/errors.ts";
import type { Config } from "../../config/schema.ts";
import type { Resolve } from "../../config/resolve.ts";
import { textDefaults } from "../../config/text_defaults.ts";
import { refuseBase } from "../../config/tune_shape.ts";
import { newId } from "../files/directory.ts";
import { removeRun } from "../library/retention.ts";
import { dataSize, type OpenOptions } from "../training/open_training.ts";
import { readRunData } from "../training/reload_data.ts";
import type { TrainingRun } from "../training/training_run.ts";
import { candidates, type Changes } from "./choices.ts";
import { choose, nextTrials, type Standing, standings, type Trial } from "./halving.ts";
import { Journal, type JournalTrial } from "./journal.ts";
import { trainTrial, type TrialScore } from "./trial.ts";

/** Where a search is kept: a journal, or the folder in which a new one is made. */
type Place = { readonly journal: Journal } | { readonly runsDir: string };

export type SearchOptions = Omit<OpenOptions, "id" | "input" | "signal" | "openLink"> & Place & {
  /** Resolves the config, of the options `given` and of the process. */
  readonly resolve: Resolve;
  /** The options that the user chose, by key: they stay. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Minutes of the search in all, with the training of the best config. */
  readonly minutes: number;
  /** The most bytes of the models that are compared, if not whole ones are. */
  readonly size?: number | undefined;
  /** Opens the rows in memory; without it, they are read from files. */
  readonly rows?: (() => AsyncIterable<Uint8Array>) | undefined;
  readonly signal: AbortSignal;
  readonly onNews?: (news: SearchNews) => void;
};

/** Reports a step of a search. */
export type SearchNews =
  | { readonly type: "opened"; readonly search: Search }
  | { readonly type: "began"; readonly run: TrainingRun }
  | { readonly type: "trial"; readonly trial: JournalTrial };

/** Part of the time in which configs are tried on one split; the next split has half of them. */
const FIRST_SPLIT = 0.3;

/** The default and so many changes are tried, however short the time is. */
const FEWEST = 3;

export class Search {
  readonly journal: Journal;
  readonly metric: Config["metric"];
  /** The configs that may be tried. */
  readonly all: readonly Changes[];
  readonly #options: SearchOptions;
  readonly #runsDir: string;
  /** The validation rows' share of all, if each seed draws others. */
  readonly #share: number | undefined;
  readonly #seed: number;
  readonly #before: number;
  readonly #begun: number;
  /** Trials at a time. */
  readonly #slots: number;
  readonly #stop = new AbortController();

  private constructor(
    journal: Journal,
    config: Config,
    all: readonly Changes[],
    options: SearchOptions,
    begun: number,
  ) {
    const { validation, timeColumn, metric, seed, runsDir, workers } = config;
    this.#begun = begun;
    this.#slots = workers === "auto" ? options.cores : workers;
    this.journal = journal;
    this.metric = metric;
    this.all = all;
    this.#options = options;
    this.#runsDir = runsDir;
    this.#share = typeof validation === "number" && timeColumn === "" ? validation : undefined;
    this.#seed = seed;
    this.#before = journal.elapsed;
  }

  /** Reads the data and opens the journal. Throws an InputError if either is no base of a search. */
  static async open(options: SearchOptions): Promise<Search> {
    const { resolve, given, rows, signal, onRows, minutes, size } = options;
    const begun = performance.now();
    const first = resolve();
    refuseBase(first, rows !== undefined);
    const read = await readRunData(first, { signal, onRows, ...rows && { input: rows() } });
    const ofData = dataSize(first, read);
    const { kind } = ofData;
    const { vectors } = read.source;
    const config = resolve({ ...textDefaults(ofData), ...vectors && { embedding: vectors.width } });
    const isGiven = new Set([...Object.keys(given), ...vectors ? ["embedding"] : []]);
    const all = candidates({ config, kind, given: isGiven, isSmall: size !== undefined });
    const { digest } = read.data;
    if ("journal" in options) {
      const { journal } = options;
      const same = journal.beginning.data === digest &&
        journal.trials.every(({ candidate, changes }) => isDeepStrictEqual(all[candidate], changes));
      if (!same) {
        const message = `The data are not those that "${journal.folder}" began with, or another version wrote it: ` +
          "start a new search";
        throw inputError("resume", message);
      }
      for (const run of journal.unfinished) await removeRun(join(config.runsDir, run)).catch(() => {});
      return new Search(journal, config, all, options, begun);
    }
    const journal = await Journal.create(options.runsDir, { given, minutes, size, data: digest });
    return new Search(journal, config, all, options, begun);
  }

  /** Seconds of the search so far, also of its earlier processes. */
  get elapsed(): number {
    return this.#before + (performance.now() - this.#begun) / 1000;
  }

  /** Minutes of the search in all. */
  get minutes(): number {
    return this.#options.minutes;
  }

  get standings(): Standing[] {
    return standings(this.journal.trials, this.#share);
  }

  /** How far it has come, for people. */
  get state(): { id: string; minutes: number; elapsed: number; trials: number; best: Changes } {
    const { journal: { id, trials }, minutes, elapsed, best } = this;
    return { id, minutes, elapsed: elapsed / 60, trials: trials.length, best };
  }

  /** The best config so far. */
  get best(): Changes {
    return this.all[choose(this.standings)]!;
  }

  /** The mean scores of the small and of the whole models of the best config; undefined if whole ones are compared. */
  get cost(): { readonly size: number; readonly small: number; readonly whole: number } | undefined {
    const { size } = this.#options;
    const best = choose(this.standings);
    const scores = this.journal.trials.flatMap(({ candidate, score, whole }) =>
      candidate === best && score !== null && whole !== undefined ? [{ score, whole }] : []
    );
    if (size === undefined || scores.length === 0) return undefined;
    const mean = (key: "score" | "whole") => scores.reduce((sum, one) => sum + one[key], 0) / scores.length;
    return { size, small: mean("score"), whole: mean("whole") };
  }

  /** Returns the values that make the run of the best config, by key. */
  get config(): Readonly<Record<string, unknown>> {
    return { ...this.#options.given, ...this.best };
  }

  /** Ends the search as if its time were over: the best config so far stays. */
  end(): void {
    this.#stop.abort();
  }

  /** Trains trials until the time is over or no trial is left. Throws the reason of the signal, after it has stopped them. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = this.#stop;
    const running = new Map<string, Promise<void>>();
    const end = () => this.end();
    signal.addEventListener("abort", end);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      while (!stop.signal.aborted && !signal.aborted) {
        clearTimeout(timer);
        timer = setTimeout(end, Math.max(0, 1000 * this.#left()));
        const next = await this.#next(running);
        if (next && running.size < this.#slots) {
          const key = keyOf(next);
          const trial = this.#try(next, stop.signal).catch((error) => {
            failure ??= { error };
            end();
          });
          running.set(key, trial.finally(() => running.delete(key)));
        } else if (running.size > 0) await Promise.race(running.values());
        else break;
      }
    } finally {
      clearTimeout(timer);
      end();
      await Promise.allSettled(running.values());
      signal.removeEventListener("abort", end);
    }
    signal.throwIfAborted();
    if (failure) throw failure.error;
  }

  /** Seconds that are left for trials: training the best config takes about as long as a trial. */
  #left(): number {
    return 60 * this.#options.minutes - this.elapsed - this.#usual(this.journal.trials);
  }

  /** Returns the median duration of trials. */
  #usual(trials: readonly JournalTrial[]): number {
    const seconds = trials.map(({ seconds }) => seconds).sort((a, b) => a - b);
    return seconds[seconds.length >> 1] ?? 0;
  }

  /** Tells whether a trial will end in time, as far as earlier ones tell. */
  #fits({ candidate }: Trial): boolean {
    const { trials } = this.journal;
    const own = trials.filter((trial) => trial.candidate === candidate);
    return this.#usual(own.length > 0 ? own : trials) <= this.#left();
  }

  /** Returns the next trial that does not run yet and ends in time. Decides how many configs there are once the time for that is over. */
  async #next(running: ReadonlyMap<string, unknown>): Promise<Trial | undefined> {
    const { journal, elapsed } = this;
    const { trials } = journal;
    const begun = trials.filter(({ split }) => split === 0).length + running.size;
    if (journal.width === undefined && begun >= Math.min(FEWEST, this.all.length)) {
      const isOver = elapsed > FIRST_SPLIT * 60 * this.#options.minutes;
      if (isOver || begun >= this.all.length) {
        await journal.add({ type: "width", candidates: begun, elapsed });
      }
    }
    return nextTrials(trials, journal.width ?? this.all.length).find((trial) =>
      !running.has(keyOf(trial)) && (journal.width !== undefined || trial.split === 0) && this.#fits(trial)
    );
  }

  /** Trains a trial and notes its result, unless `signal` stops it. */
  async #try({ candidate, split }: Trial, signal: AbortSignal): Promise<void> {
    const { resolve, rows, onNews, size, minutes: _, given: __, ...parts } = this.#options;
    const { journal } = this;
    const changes = this.all[candidate]!;
    const id = newId(new Date());
    const own: Partial<Config> = {
      workers: 1,
      seed: (this.#seed + split) >>> 0,
      runsDir: this.#runsDir,
      // Test rows must decide nothing.
      test: "",
      keepCheckpoints: 1,
      checkpointEvery: 1_000_000_000,
      maxSeconds: 0,
      name: `${changesText(changes)}, split ${split + 1}`.slice(0, 100),
      note: "",
      tags: [journal.id],
    };
    const ofTrial: Resolve = (defaults = {}) => ({ ...resolve({ ...defaults, ...changes }), ...own });
    await journal.add({ type: "began", candidate, split, run: id, changes });
    const begun = performance.now();
    const directory = join(this.#runsDir, id);
    let measured: TrialScore | undefined;
    try {
      const onRun = (run: TrainingRun) => onNews?.({ type: "began", run });
      const ofRun = { ...parts, id, signal, size, metric: this.metric, onRun };
      measured = await trainTrial(ofTrial, { ...ofRun, ...rows && { input: rows() } });
    } catch (error) {
      if (signal.aborted) return void await removeRun(directory).catch(() => {});
      if (!(error instanceof TrainingError || error instanceof InputError)) throw error;
      // The first trial is what the user asks for: its error is the user's. A change may ask too much.
      if (candidate === 0 && split === 0) throw error;
    }
    if (signal.aborted && !measured) return void await removeRun(directory).catch(() => {});
    await withoutCheckpoints(directory);
    const trial: JournalTrial = {
      type: "trial",
      candidate,
      split,
      run: id,
      changes,
      ...measured ?? { score: null },
      seconds: (performance.now() - begun) / 1000,
      elapsed: this.elapsed,
    };
    await journal.add(trial);
    onNews?.({ type: "trial", trial });
  }
}

const keyOf = ({ candidate, split }: Trial) => `${candidate}/${split}`;

/** Removes the checkpoints of a trial, most of its bytes, as nothing resumes it. */
async function withoutCheckpoints(directory: string): Promise<void> {
  const folder = join(directory, "checkpoints");
  for (const name of await readdir(folder).catch(() => [])) await rm(join(folder, name), { force: true });
}

/** Describes a config by its changes, as in `epochs 5, dropout 0.6`. */
export function changesText(changes: Changes): string {
  const texts = Object.entries(changes).map(([key, value]) => `${key} ${value}`);
  return texts.length > 0 ? texts.join(", ") : "defaults";
}
