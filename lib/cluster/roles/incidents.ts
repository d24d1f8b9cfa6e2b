/** Shares the incidents of each machine by its register, which all others read. */
import type { Presence } from "../protocol/messages.ts";

/** The newest incidents in a machine's register. If there are more between two reads, the others are only counted. */
const SHOWN = 5;
const MAX_LENGTH = 200;

export class Incidents {
  readonly #fromStart: boolean;
  #count = 0;
  #recent: readonly string[] = [];
  /** By member: the number of its incidents that `take` returned. */
  readonly #taken = new Map<string, number>();

  /** `fromStart` includes incidents from before this machine joined. */
  constructor(fromStart: boolean) {
    this.#fromStart = fromStart;
  }

  add(message: string): void {
    this.#count++;
    this.#recent = [...this.#recent, message.slice(0, MAX_LENGTH)].slice(-SHOWN);
  }

  /** Returns the incidents for this machine's register. */
  shown(): Pick<Presence, "incidents" | "recent"> {
    return { incidents: this.#count, recent: [...this.#recent] };
  }

  /** Returns the incidents of another machine since the last call for it. */
  take({ member, incidents, recent }: Presence): string[] {
    const before = this.#taken.get(member) ?? (this.#fromStart ? 0 : incidents);
    this.#taken.set(member, incidents);
    // A restarted process counts from 0 again.
    const news = incidents < before ? incidents : incidents - before;
    const missed = Math.max(0, news - recent.length);
    const shown = news === 0 ? [] : recent.slice(-news);
    return missed === 0 ? shown : [`${missed} more incidents before the next`, ...shown];
  }
}
