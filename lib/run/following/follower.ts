/**
 * Learns from a stream of rows in a process that serves: each segment of rows is learnt by a run that continues from the one
 * before, with the rows of the newest segments as its data. The digests of the runs depend only on the rows and the options.
 */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { inputError } from "../../base/errors.ts";
import type { EventOf, RunEvent } from "../../base/events.ts";
import type { FollowOptions } from "../../config/follow_shape.ts";
import type { Config } from "../../config/schema.ts";
import type { TrainedModel } from "../../predict/trained_model.ts";
import { newId } from "../files/directory.ts";
import { unlessMissing } from "../files/files.ts";
import { adoptRun, type Continuation, trainRun } from "../learning/continued_run.ts";
import { removeRun } from "../library/retention.ts";
import { openModel } from "../open_model.ts";
import { parentDirectory } from "../training/parent.ts";
import type { TrainingRun } from "../training/training_run.ts";
import { accuracyOf } from "./prequential.ts";
import { RowStream } from "./row_stream.ts";
import { type OpenBytes, readStreamRow } from "./source_rows.ts";
import { type Learnt, StreamJournal } from "./stream_journal.ts";

/** Epochs of a run that continues: a row is in the window of several runs. */
const EPOCHS = 3;

/** Newest runs of the stream to keep. */
const KEPT_RUNS = 2;

/** Options that all runs of a stream have: a killed one is trained again. */
const OF_ALL_RUNS = { test: "", keepCheckpoints: 1, checkpointEvery: 1_000_000_000, maxSeconds: 0 } as const;

export interface FollowerOptions extends FollowOptions {
  /** Options of the runs, by key, and those of them that the result depends on. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly given: Readonly<Record<string, unknown>>;
  readonly config: Config;
  readonly threads: Continuation["threads"];
  /** Opens the bytes of a stream that is no file. */
  readonly bytes?: OpenBytes | undefined;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
  readonly onRows: (stream: RowStream) => void;
  /** A run begins to learn, and its events. */
  readonly onRun: (run: TrainingRun) => void;
  readonly observe: (event: RunEvent) => void;
  /** The run in `directory` has learnt the newest segment, and answers from now on. */
  readonly onLearnt: (directory: string, learnt: Learnt) => Promise<void>;
}

export class Follower {
  readonly journal: StreamJournal;
  readonly #options: FollowerOptions;
  readonly #stream: RowStream;
  /** The directory of the run that answers, and its model. */
  #current: { readonly directory: string; readonly model: TrainedModel } | undefined;

  private constructor(journal: StreamJournal, stream: RowStream, options: FollowerOptions) {
    this.journal = journal;
    this.#stream = stream;
    this.#options = options;
  }

  /** Opens the journal of the stream, which continues where an earlier process ended. Throws an InputError if it cannot. */
  static async open(options: FollowerOptions): Promise<Follower> {
    const { config, follow, followRows: rows, followWindow: window, given, bytes, signal, note, onRows } = options;
    const folder = join(config.runsDir, folderOf(options));
    const journal = await StreamJournal.open(folder, {
      rows,
      window: Math.max(rows, window),
      given: { ...given } as never,
    });
    try {
      if (journal.unfinished !== null) await removeRun(join(config.runsDir, journal.unfinished)).catch(() => {});
      const source = { name: follow, bytes, isFinite: config.exit, reading: readingOf(config), signal };
      const stream: RowStream = await RowStream.open({
        journal,
        source,
        onBadRow: config.onBadRow,
        native: options.threads.native,
        note,
        onRows: () => onRows(stream),
      });
      const follower = new Follower(journal, stream, options);
      await follower.#use(await follower.#newest());
      return follower;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** The directory of the run that answers, once there is one. */
  get directory(): string | undefined {
    return this.#current?.directory;
  }

  /** Learns until the stream ends or the signal aborts. Throws an InputError for a bad row, and a TrainingError. */
  async run(): Promise<void> {
    while (await this.#stream.fill()) {
      const learnt = await this.#learn();
      await this.#use(learnt ?? this.directory);
    }
  }

  async close(): Promise<void> {
    await this.journal.close();
  }

  /** Returns the directory of the run that has learnt last, or that the stream continues from. */
  async #newest(): Promise<string | undefined> {
    const { config } = this.#options;
    const { run } = this.journal.learnt.at(-1) ?? { run: null };
    if (run === null) return config.from === "" ? undefined : await parentDirectory(config);
    const directory = join(config.runsDir, run);
    if (await unlessMissing(() => stat(join(directory, "run.json")))) return directory;
    throw inputError("follow", `Run ${run}, which has learnt the stream, is gone: remove "${this.journal.folder}"`);
  }

  async #use(directory: string | undefined): Promise<void> {
    if (directory !== this.directory || !directory) {
      this.#current = directory === undefined ? undefined : { directory, model: await openModel(directory) };
    }
    await this.#stream.use(this.#current?.model);
  }

  /** Trains a run on the newest segments. Returns its directory; undefined if their rows have fewer than two labels. */
  async #learn(): Promise<string | undefined> {
    const { config, onLearnt, followKeep } = this.#options;
    const { journal } = this;
    const { labelColumn } = config;
    const labelOf = (row: string) => {
      const read = readStreamRow(row, readingOf(config));
      if (typeof read === "string") {
        throw inputError("follow", `"${journal.folder}" has a row without "${labelColumn}"`);
      }
      return read.label;
    };
    const window = await journal.writeWindow(labelOf, this.#current?.model.labels ?? [], this.#news().drifts.at(-1));
    if (window.labels < 2) return void await this.#stream.end(null, null);
    const id = newId(new Date());
    await journal.begin(id);
    const values = {
      ...this.#current && { epochs: EPOCHS, replay: 0 },
      ...this.#values(),
      ...OF_ALL_RUNS,
      data: [window.training],
      validation: window.validation,
      from: this.directory ?? "",
      runsDir: config.runsDir,
    };
    const { directory, summary: { digest } } = await trainRun(values, this.#parts(id));
    await this.#stream.end(id, digest);
    await adoptRun(directory);
    await onLearnt(directory, journal.learnt.at(-1)!);
    // One that still answers its last requests is removed later.
    for (const { run } of journal.learnt.slice(-2 * KEPT_RUNS - 1, -KEPT_RUNS)) {
      if (run !== null) await removeRun(join(config.runsDir, run)).catch(() => {});
    }
    const { rows, window: size } = journal.options;
    await journal.clean(KEPT_RUNS, followKeep === 0 ? 0 : Math.max(followKeep, Math.ceil(size / rows)));
    return directory;
  }

  #parts(id: string) {
    const { threads, signal, onRun, observe } = this.#options;
    const news = this.#news();
    let opened: TrainingRun | undefined;
    return {
      threads,
      signal,
      id,
      onOpened: (run: TrainingRun) => onRun(opened = run),
      observe: (event: RunEvent) => {
        observe(event);
        if (event.type === "started") opened?.log.append(news);
      },
    };
  }

  #values(): Partial<Config> {
    const { data: _, from: __, runsDir: ___, ...values } = this.#options.values;
    return { ...values, tags: [this.journal.folder.split(/[\\/]/).at(-1)!] };
  }

  /** Describes the stream at the end of the segment. */
  #news(): Omit<EventOf<"stream">, "id" | "at"> {
    const { journal } = this;
    const { measures, drifts, rowsPerSecond, skipped } = this.#stream;
    const point = (at: number, accuracy: number | undefined, rowsPerSecond: number) => ({
      rows: at * journal.options.rows,
      accuracy: accuracy ?? null,
      rowsPerSecond,
    });
    const now = point(journal.segment, accuracyOf(measures), rowsPerSecond);
    return {
      type: "stream",
      segment: journal.segment,
      ...now,
      skipped,
      history: [
        ...journal.learnt.map(({ segment, measures, rowsPerSecond }) =>
          point(segment, accuracyOf(measures), rowsPerSecond)
        ),
        now,
      ],
      drifts: [...journal.learnt.flatMap(({ drifts }) => drifts), ...drifts],
    };
  }
}

/** Returns how the lines of a stream are read. */
function readingOf(config: Config) {
  return { ...config, format: "jsonl", labels: "one", unlabelled: false } as const;
}

/** Names the folder of a stream by its source and the options of its digests, so that the same command continues it. */
function folderOf({ follow, followRows, followWindow, given }: FollowerOptions): string {
  const identity = JSON.stringify([follow, followRows, followWindow, Object.entries(given).sort()]);
  return `follow-${createHash("sha256").update(identity).digest("hex").slice(0, 12)}`;
}
