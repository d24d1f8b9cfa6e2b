/// <reference lib="dom" />
/**
 * Follows the server's current run, or the one that was chosen: finds it, opens its event stream, and reconnects after
 * cuts and restarts of the server. Knows nothing of the page.
 */
import type { RunEvent } from "../lib/base/events.ts";
import type { RunDetail } from "../lib/run/types.ts";
import { currentRun, Refusal, runDetail } from "./api.ts";
import { EVENT_TYPES } from "../lib/report/run_events.ts";

/**
 * `preparing`: the server reads the data of its first run. `empty`: the server has no run, or not the chosen one. `done`: the run has ended and all its events are here. `gone`: the
 * same, but the server does not answer any more.
 */
export type Link = "connecting" | "preparing" | "empty" | "live" | "reconnecting" | "done" | "gone";

interface Follower {
  /** Receives the run at every poll. */
  run(detail: RunDetail): void;
  /** Receives an event, the same one again if a stream restarts. */
  event(event: RunEvent): void;
  /** Reports that the server had cut the stream of a slow reader. The stream continues. */
  dropped(message: string): void;
  link(link: Link): void;
}

/** Time between two polls while no stream is open: short if a run is missing, long if it is done. */
const RETRY_MS = 2000;
const IDLE_MS = 5000;

export class Connection {
  readonly #follower: Follower;
  #chosen: string | undefined;
  #run = "";
  #source: EventSource | undefined;
  /** Id of the newest event of this run that was received. */
  #lastId = 0;
  /** Number of events that the run had at the last poll. */
  #events = 0;
  #ended = false;
  /** Number of the poll that is waiting for its answer. */
  #polling: number | undefined;
  /** Number of the newest poll: answers to older ones are late and ignored. */
  #polls = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(follower: Follower) {
    this.#follower = follower;
  }

  /** Follows run `id` from now on, or the server's current run if undefined. */
  choose(id: string | undefined): void {
    this.#chosen = id;
    this.#run = "";
    this.#ended = false;
    this.#polling = undefined;
    this.#close();
    void this.#poll();
  }

  /** Asks the server for the run, and follows it. */
  async #poll(): Promise<void> {
    if (this.#polling !== undefined) return;
    const poll = this.#polling = ++this.#polls;
    clearTimeout(this.#timer);
    try {
      const found = await (this.#chosen === undefined ? currentRun() : runDetail(this.#chosen));
      if (poll !== this.#polls) return;
      if (found) this.#found(found);
      else this.#follower.link("empty");
    } catch (error) {
      if (poll !== this.#polls) return;
      if (error instanceof Refusal) this.#follower.link(error.status === 503 ? "preparing" : "empty");
      else this.#follower.link(this.#ended ? "gone" : "reconnecting");
    } finally {
      if (poll === this.#polls) {
        this.#polling = undefined;
        if (!this.#streaming) this.#later(this.#ended ? IDLE_MS : RETRY_MS);
      }
    }
  }

  get #streaming(): boolean {
    return this.#source !== undefined && this.#source.readyState !== EventSource.CLOSED;
  }

  #found(current: RunDetail): void {
    if (current.id !== this.#run) {
      this.#run = current.id;
      this.#lastId = 0;
      this.#ended = false;
      this.#close();
    }
    this.#events = current.events;
    this.#follower.run(current);
    const hasEnded = !["running", "paused", "stopping"].includes(current.state);
    if (hasEnded && this.#lastId >= current.events) return this.#done();
    // A run that was resumed has new events.
    if (current.events > this.#lastId) this.#ended = false;
    if (!this.#streaming && !this.#ended) this.#open();
  }

  #open(): void {
    const source = new EventSource(`runs/${encodeURIComponent(this.#run)}/events?lastEventId=${this.#lastId}`);
    this.#source = source;
    this.#follower.link(this.#lastId > 0 ? "reconnecting" : "connecting");
    let cut = false;
    source.addEventListener("open", () => {
      this.#follower.link("live");
      // The server may have restarted with another run.
      if (cut) void this.#poll();
      cut = false;
    });
    // The browser reopens a cut stream from the last id, unless the answer is not a stream.
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      cut = true;
      this.#follower.link("reconnecting");
      void this.#poll();
    });
    source.addEventListener("dropped", ({ data }: MessageEvent<string>) => {
      const { message }: { message: string } = JSON.parse(data);
      this.#follower.dropped(message);
    });
    for (const type of EVENT_TYPES) source.addEventListener(type, (message) => this.#received(message));
  }

  #received(message: MessageEvent<string>): void {
    const event: RunEvent = JSON.parse(message.data);
    this.#lastId = Math.max(this.#lastId, event.id);
    this.#follower.event(event);
    // A run that was resumed has earlier ends, with more events after them.
    const isEnd = event.type === "finished" || event.type === "failed";
    if (isEnd && event.id >= this.#events) this.#done();
  }

  #done(): void {
    this.#ended = true;
    this.#close();
    this.#follower.link("done");
    this.#later(IDLE_MS);
  }

  #close(): void {
    this.#source?.close();
    this.#source = undefined;
  }

  #later(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), delayMs);
  }
}
