/// <reference lib="dom" />
/**
 * Follows the server's current run, or the one that was chosen: finds it, opens its stream, and keeps to it through
 * cuts, restarts and newer runs. Knows nothing of the page.
 */
import type { RunEvent } from "../lib/base/events.ts";
import type { RunDetail } from "../lib/run/types.ts";
import { currentRun, Refusal, runDetail } from "./api.ts";
import { EVENT_TYPES } from "./state/state.ts";

/** `empty`: the server has no run, or not the chosen one. `done`: nothing more is expected of this run. */
export type Link = "connecting" | "empty" | "live" | "reconnecting" | "done";

export interface Follower {
  /** A run was chosen, or looked at again. */
  run(detail: RunDetail): void;
  /** May repeat events when a stream starts again. */
  event(event: RunEvent): void;
  /** The server had cut the stream, for want of a reader; it has gone on since. */
  dropped(message: string): void;
  link(link: Link): void;
}

/** Between two looks for a run while nothing is streaming: often when one is missed, seldom when one is done. */
const RETRY_MS = 2000;
const IDLE_MS = 5000;

export class Connection {
  readonly #follower: Follower;
  #chosen: string | undefined;
  #run = "";
  #source: EventSource | undefined;
  /** Id of the newest event received of this run. */
  #lastId = 0;
  /** How many events it had when it was looked at. */
  #events = 0;
  #ended = false;
  /** Number of the look that is under way, and of the newest: an answer to an older one is late. */
  #looking: number | undefined;
  #looks = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(follower: Follower) {
    this.#follower = follower;
  }

  /** Follows run `id` from now on; undefined: the server's current one. */
  choose(id: string | undefined): void {
    this.#chosen = id;
    this.#run = "";
    this.#ended = false;
    this.#looking = undefined;
    this.#close();
    void this.look();
  }

  /** Asks the server for the run, and follows that. */
  async look(): Promise<void> {
    if (this.#looking !== undefined) return;
    const look = this.#looking = ++this.#looks;
    clearTimeout(this.#timer);
    try {
      const found = await (this.#chosen === undefined ? currentRun() : runDetail(this.#chosen));
      if (look !== this.#looks) return;
      if (found) this.#found(found);
      else this.#follower.link("empty");
    } catch (error) {
      if (look !== this.#looks) return;
      if (error instanceof Refusal) this.#follower.link("empty");
      else if (!this.#ended) this.#follower.link("reconnecting");
    } finally {
      if (look === this.#looks) {
        this.#looking = undefined;
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
    const over = !["running", "paused", "stopping"].includes(current.state);
    if (over && this.#lastId >= current.events) return this.#done();
    // A run that was taken up again has more to tell; one that is over has not.
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
      // The server may have been away, and be at another run now.
      if (cut) void this.look();
      cut = false;
    });
    // The browser opens a cut stream again by itself, from the last id on; an answer other than a stream ends it.
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      cut = true;
      this.#follower.link("reconnecting");
      void this.look();
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
    // A run that was taken up again has ended before, and has more to tell.
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
    this.#timer = setTimeout(() => void this.look(), delayMs);
  }
}
