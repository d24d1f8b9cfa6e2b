/** Runs that wait for their turn: one is trained at a time. They are this process's, and go with it. */
import { remember } from "../../base/remember.ts";
import { join, sep } from "node:path";
import type { Resolve } from "../../config/resolve.ts";
import { type Config, trainingConfig } from "../../config/schema.ts";
import { InputError } from "../../base/errors.ts";
import { newId } from "../files/directory.ts";
import { requestedRun } from "./run_request.ts";
import { ShownPaths } from "./shown_paths.ts";
import type { RunDetail } from "../types.ts";

export interface QueuedRun {
  readonly id: string;
  readonly resolve: Resolve;
  readonly detail: RunDetail;
}

/** Runs that may wait, and runs that could not start of which it is remembered why. */
export const MOST_QUEUED = 100;

export class RunQueue {
  readonly #config: Config;
  #waiting: QueuedRun[] = [];
  /** The one whose data are read. */
  #starting: QueuedRun | undefined;
  readonly #refused = new Map<string, RunDetail>();
  #arrived = Promise.withResolvers<void>();
  /** Milliseconds since 1970 that the newest id says. */
  #newest = 0;

  /** Of a process that was started with `config`. */
  constructor(config: Config) {
    this.#config = config;
  }

  /**
   * Puts the run that `values` asks for at the end. Returns it with its place, 1 for the next; undefined if there is no
   * room. Throws an InputError if it may not be.
   */
  async add(values: Readonly<Record<string, unknown>>): Promise<RunDetail | undefined> {
    const resolve = await requestedRun(values, this.#config);
    if (this.#waiting.length >= MOST_QUEUED) return undefined;
    // Ids sort by the second: each run gets one of its own, so that they sort as they were asked for.
    const now = new Date(Math.max(Date.now(), this.#newest + 1000));
    this.#newest = now.getTime();
    const id = newId(now);
    const training = trainingConfig(resolve());
    const config = this.#shown(training).config(training);
    const detail: RunDetail = { id, state: "queued", startedAt: now.toISOString(), events: 0, config, summary: null };
    this.#waiting.push({ id, resolve, detail });
    this.#arrived.resolve();
    return this.get(id);
  }

  /** Where the files are that runs may be asked for with; "" for nowhere. */
  get dataDir(): string {
    return this.#config.dataDir;
  }

  /** The id of a run that is no longer waiting, and not yet there. */
  get starting(): string | undefined {
    return this.#starting?.id;
  }

  /** Says that a run began at `startedAt`: those that are asked for from now on have later ids. */
  began(startedAt: string): void {
    this.#newest = Math.max(this.#newest, Date.parse(startedAt));
    this.#starting = undefined;
  }

  /** All of them, the newest first. */
  list(): RunDetail[] {
    const ids = [
      ...this.#refused.keys(),
      ...this.#starting ? [this.#starting.id] : [],
      ...this.#waiting.map(({ id }) => id),
    ];
    return ids.reverse().map((id) => this.get(id)!);
  }

  get(id: string): RunDetail | undefined {
    const index = this.#waiting.findIndex((queued) => queued.id === id);
    if (index >= 0) return { ...this.#waiting[index]!.detail, place: index + 1 };
    return this.#starting?.id === id ? this.#starting.detail : this.#refused.get(id);
  }

  /** Whether `id` was there; it no longer is. */
  remove(id: string): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((queued) => queued.id !== id);
    return this.#refused.delete(id) || this.#waiting.length < before;
  }

  /** The next one, which is no longer in the queue; until it has begun or was refused, it is told of here. */
  take(): QueuedRun | undefined {
    this.#starting = this.#waiting.shift();
    return this.#starting;
  }

  /** Resolves when there is one to take. */
  async arrival(): Promise<void> {
    while (this.#waiting.length === 0) {
      await this.#arrived.promise;
      this.#arrived = Promise.withResolvers();
    }
  }

  /** Remembers that a run that was taken could not start. */
  refuse({ id, detail }: QueuedRun, error: unknown): void {
    this.#starting = undefined;
    remember(this.#refused, id, { ...detail, state: "failed", error: this.#told(error) }, MOST_QUEUED);
  }

  /** What a client is told: of bad input all but where --data-dir is, of anything else that the log says more. */
  #told(error: unknown): string {
    if (!(error instanceof InputError)) return "It could not start: the log of the process says why";
    const { dataDir } = this;
    const message = this.#shown({}).text(error.message);
    return dataDir === "" ? message : message.replaceAll(join(dataDir, sep), "");
  }

  #shown(config: Readonly<Record<string, unknown>>): ShownPaths {
    return new ShownPaths(config, { dataDir: this.dataDir, runsDir: this.#config.runsDir });
  }
}
