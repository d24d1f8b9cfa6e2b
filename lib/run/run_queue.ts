/** Runs that wait for their turn: one is trained at a time. They are this process's, and go with it. */
import type { Resolve } from "../config/resolve.ts";
import { type Config, trainingConfig } from "../config/schema.ts";
import { errorMessage } from "../errors.ts";
import { newId } from "./directory.ts";
import { requestedRun } from "./run_request.ts";
import type { RunDetail } from "./types.ts";

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
  readonly #refused = new Map<string, RunDetail>();
  #arrived = Promise.withResolvers<void>();

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
    const now = new Date();
    const id = newId(now);
    const config = trainingConfig(resolve());
    const detail: RunDetail = { id, state: "queued", startedAt: now.toISOString(), events: 0, config, summary: null };
    this.#waiting.push({ id, resolve, detail });
    this.#arrived.resolve();
    return this.get(id);
  }

  /** All of them, the newest first. */
  list(): RunDetail[] {
    const ids = [...this.#refused.keys(), ...this.#waiting.map(({ id }) => id)];
    return ids.reverse().map((id) => this.get(id)!);
  }

  get(id: string): RunDetail | undefined {
    const index = this.#waiting.findIndex((queued) => queued.id === id);
    return index < 0 ? this.#refused.get(id) : { ...this.#waiting[index]!.detail, place: index + 1 };
  }

  /** Whether `id` was there; it no longer is. */
  remove(id: string): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((queued) => queued.id !== id);
    return this.#refused.delete(id) || this.#waiting.length < before;
  }

  /** The next one, which is no longer in the queue. */
  take(): QueuedRun | undefined {
    return this.#waiting.shift();
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
    this.#refused.set(id, { ...detail, state: "failed", error: errorMessage(error) });
    if (this.#refused.size > MOST_QUEUED) this.#refused.delete(this.#refused.keys().next().value!);
  }
}
