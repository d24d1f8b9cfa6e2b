/**
 * Trains on while a server answers: after so many new examples it continues the run that is served with them, and lets the new
 * weights answer if validation rows say that they are better. The examples and the log stay with the run that the server was
 * first started with, its home; each new run is beside it, with a copy of its examples at home. Examples of a training that
 * failed, or whose weights were not better, are trained on again with the next ones.
 */
import { mkdir, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errorMessage, InputError, inputError } from "../../base/errors.ts";
import type { Config } from "../../config/schema.ts";
import type { FileLock } from "../../platform/file_lock.ts";
import type { ExampleOverview, Examples, NewExample, Refused, Retrained } from "../../predict/labelling.ts";
import type { ServedModels } from "../../predict/served_models.ts";
import { askAgain } from "../../predict/uncertain.ts";
import { ExampleJournal } from "../examples/example_journal.ts";
import { newId } from "../files/directory.ts";
import { FOLDER_MODE, writeWhole } from "../files/files.ts";
import { shareFile } from "../files/lock.ts";
import { LineFile } from "../files/line_file.ts";
import { readManifest } from "../files/manifest.ts";
import { removeRun, RETRAINED } from "../library/retention.ts";
import { type FoundModel, openModel } from "../open_model.ts";
import { openServed, type ServedRunOptions } from "../open_served.ts";
import { checkEarlierRows } from "../training/reload_data.ts";
import { rightMoreOften } from "./acceptance.ts";
import { adoptRun, type Continuation, continueRun } from "./continued_run.ts";
import { attemptsOf, homeOf, isRun, RETRAINING, type RetrainingLine, retrainingLine } from "./retraining_log.ts";

/** The folder of the examples of each training, at home. */
const COPIES = "retraining";

/** Options that rows of examples do not have, and those of a training that is done again if the process dies. */
const OWN = {
  format: "auto",
  delimiter: "auto",
  groupColumn: "",
  timeColumn: "",
  keepCheckpoints: 1,
  checkpointEvery: 1_000_000_000,
} as const;

interface RetrainingOptions {
  /** The run to serve, or one that was trained on its examples. */
  readonly directory: string;
  readonly config: Pick<Config, "retrainAfter" | "retrainWorkers" | "kernels">;
  readonly threads: Continuation["threads"];
  /** Tells the operator news, and what failed. */
  readonly say: (line: string) => void;
  readonly warn: (line: string) => void;
}

/** The directory of the first run, with its open files. */
interface Home {
  readonly home: string;
  readonly log: LineFile<RetrainingLine>;
  readonly lock: FileLock;
  readonly labelColumn: string;
}

export class Retraining implements Examples {
  readonly #options: RetrainingOptions;
  readonly #home: string;
  readonly #log: LineFile<RetrainingLine>;
  readonly #examples: ExampleJournal;
  readonly #end = new AbortController();
  /** Keeps the home from being removed while a later run answers. */
  readonly #lock: FileLock;
  #swap: ((directory: string) => Promise<void>) | undefined;
  /** The run that answers, and the greatest id of the examples that it and its parents were trained on. */
  #current: { readonly directory: string; readonly last: number };
  /** The greatest id of the examples of the last training. */
  #tried: number;
  #training: string | undefined;
  #outcome: Retrained | undefined;
  /** Ends when the last check, and the training that it began, does. */
  #turn: Promise<void> = Promise.resolve();
  #isWaiting = false;

  private constructor(
    { home, log, lock, labelColumn }: Home,
    options: RetrainingOptions,
  ) {
    this.#home = home;
    this.#log = log;
    this.#lock = lock;
    this.#examples = new ExampleJournal(home, labelColumn);
    this.#options = options;
    this.#current = { directory: home, last: 0 };
    const ended = attemptsOf(log.lines).filter(({ end }) => end);
    this.#tried = Math.max(0, ...ended.map(({ last }) => last));
    this.#outcome = ended[0]?.end;
  }

  /**
   * Finds the run that answers, and removes what a killed process left of a training. Throws an InputError if the run cannot be
   * trained on: if it is not of files, its rows cannot be read again, or another process does it.
   */
  static async open(options: RetrainingOptions): Promise<Retraining> {
    const home = resolve(await homeOf(options.directory));
    const { id, config: { task, labelColumn } } = await readManifest(home);
    if (task !== "table") {
      throw inputError("retrainAfter", `Run ${id} was not trained on files: expected no \`retrainAfter\``);
    }
    const log = await LineFile.open(join(home, RETRAINING), retrainingLine);
    const lock = await shareFile(join(home, "run.json"));
    const opened = new Retraining({ home, log, lock, labelColumn }, options);
    try {
      await opened.#recover();
      await checkEarlierRows(opened.#current.directory);
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /** Opens the run that answers. */
  async current(): Promise<FoundModel> {
    const { directory } = this.#current;
    return { model: await openModel(directory), directory };
  }

  async #recover(): Promise<void> {
    const attempts = attemptsOf(this.#log.lines);
    for (const { run, end } of attempts) if (!end) await this.#discard(run);
    for (const { run, last, end } of attempts) {
      if (end?.outcome !== "swapped") continue;
      const directory = this.#directoryOf(run);
      if (!await isRun(directory)) {
        this.#options.warn(`Run ${run}, which answered, is gone: the one before it answers`);
        continue;
      }
      this.#current = { directory, last };
      return;
    }
  }

  /** Trains from now on, and gives `name` in `models` the runs that are better, opened by `opening`. */
  start(models: ServedModels, name: string, opening: ServedRunOptions): void {
    this.#swap = async (directory) => {
      const uncertain = models.get(name)?.model.labelling?.uncertain;
      const kept = uncertain?.list(uncertain.size) ?? [];
      const { predictor } = await models.load(
        name,
        async () => await openServed({ model: await openModel(directory), directory }, { ...opening, examples: this }),
      );
      // They are a help for people who label: the server works without them.
      await askAgain(kept, predictor).catch(() => {});
    };
    this.#check();
  }

  async add(examples: readonly NewExample[]): Promise<readonly number[] | Refused> {
    const ids = await this.#examples.add(examples);
    if (typeof ids !== "string") this.#check();
    return ids;
  }

  remove(id: number): Promise<boolean | Refused> {
    return this.#examples.remove(id);
  }

  async overview(): Promise<ExampleOverview | Refused> {
    const [overview, after] = [await this.#examples.overview(), await this.#examples.after(this.#tried)];
    if (typeof overview === "string" || typeof after === "string") return overview;
    const { config: { retrainAfter } } = this.#options;
    const [training, last] = [this.#training ?? null, this.#outcome ?? null];
    return { ...overview, retraining: { after: retrainAfter, examples: after.count, training, last } };
  }

  /** Stops a training, which the next process does again, and closes the files. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#turn;
    await this.#examples.close();
    await this.#log.close();
    this.#lock.close();
  }

  /** Begins a training if there are enough examples, after the present one. */
  #check(): void {
    if (this.#isWaiting || !this.#swap) return;
    this.#isWaiting = true;
    this.#turn = this.#turn.then(async () => {
      this.#isWaiting = false;
      if (this.#end.signal.aborted) return;
      const added = await this.#examples.after(this.#tried);
      if (typeof added === "string" || added.count < this.#options.config.retrainAfter) return;
      await this.#train(added.last);
    }).catch((error) => this.#options.warn(`The examples cannot be counted: ${errorMessage(error)}`));
  }

  async #train(last: number): Promise<void> {
    const { say, warn, threads, config: { retrainWorkers: workers, kernels } } = this.#options;
    const { signal } = this.#end;
    const { directory: from, last: trained } = this.#current;
    const id = newId(new Date());
    this.#training = id;
    try {
      await mkdir(join(this.#home, COPIES), { recursive: true, mode: FOLDER_MODE });
      if (await this.#examples.copy(trained, last, this.#copyOf(id)) !== undefined) {
        throw inputError("examples", "the examples cannot be copied: there is no room, or another process has them");
      }
      await this.#log.add({ type: "began", at: new Date().toISOString(), run: id, from: basename(from), last });
      say(`Retraining: run ${id} continues ${basename(from)} with the examples up to ${last}`);
      const { directory, accuracies } = await continueRun(from, {
        data: [this.#copyOf(id)],
        values: { ...OWN, workers, kernels },
        threads,
        signal,
        id,
      });
      const { isBetter, why } = rightMoreOften(accuracies);
      const { old, new: born } = accuracies;
      const end = { run: id, why, ...old && { old }, ...born && { new: born } };
      const refused = attemptsOf(this.#log.lines).find((one) => one.end?.outcome === "kept");
      if (isBetter) await writeWhole(join(directory, RETRAINED), "");
      const outcome = await this.#note({ ...end, outcome: isBetter ? "swapped" : "kept" });
      if (isBetter) {
        await this.#swap!(directory);
        await adoptRun(directory);
        this.#current = { directory, last };
        say(`Retrained: run ${id} answers from now on, as ${why}`);
      } else {
        // The newest run that was not better stays, to be looked at.
        if (refused) await this.#discard(refused.run);
        say(`Retrained: run ${basename(from)} keeps answering, as run ${id} is not better: ${why}`);
      }
      this.#outcome = outcome;
    } catch (error) {
      // The next process trains on the same examples.
      if (signal.aborted) return;
      await this.#discard(id);
      const why = error instanceof InputError ? error.message : "the log of the process says why";
      const end = { run: id, outcome: "failed", why: why.replaceAll(join(this.#home, COPIES, "/"), "") } as const;
      this.#outcome = { at: new Date().toISOString(), ...end };
      await this.#note(end).catch((error) =>
        warn(`Cannot write to "${join(this.#home, RETRAINING)}": ${errorMessage(error)}`)
      );
      warn(`Retraining failed, and run ${basename(from)} keeps answering: ${errorMessage(error)}`);
    } finally {
      this.#tried = last;
      this.#training = undefined;
    }
  }

  async #note(end: Omit<Retrained, "at">): Promise<Retrained> {
    const outcome = { at: new Date().toISOString(), ...end };
    await this.#log.add({ type: "ended", ...outcome });
    return outcome;
  }

  /** Removes the run `id` and its examples, which are copies. */
  async #discard(id: string): Promise<void> {
    await removeRun(this.#directoryOf(id)).catch(() => {});
    await rm(this.#copyOf(id), { force: true });
  }

  #directoryOf(id: string): string {
    return join(dirname(this.#home), id);
  }

  #copyOf(id: string): string {
    return join(this.#home, COPIES, `${id}.jsonl`);
  }
}
