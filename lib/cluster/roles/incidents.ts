/** What went wrong, or is worth telling, on each machine: shown in its register, and heard of by all others. */
import type { Presence } from "../protocol/messages.ts";

/** Of a machine's incidents, those in its register: more of them between two looks at it are counted only. */
const SHOWN = 5;
const LONGEST = 200;

export class Incidents {
  readonly #fromStart: boolean;
  #count = 0;
  #recent: readonly string[] = [];
  /** By member: how many of its incidents were told here. */
  readonly #heard = new Map<string, number>();

  /** `fromStart`: whether this machine wants to hear of those before it came, too. */
  constructor(fromStart: boolean) {
    this.#fromStart = fromStart;
  }

  add(message: string): void {
    this.#count++;
    this.#recent = [...this.#recent, message.slice(0, LONGEST)].slice(-SHOWN);
  }

  /** For the register of this machine. */
  shown(): Pick<Presence, "incidents" | "recent"> {
    return { incidents: this.#count, recent: [...this.#recent] };
  }

  /** What has happened on another machine since it was last asked about. */
  hear({ member, incidents, recent }: Presence): string[] {
    const before = this.#heard.get(member) ?? (this.#fromStart ? 0 : incidents);
    this.#heard.set(member, incidents);
    // A process that took the place of one that died counts from 0 again.
    const news = incidents < before ? incidents : incidents - before;
    const missed = Math.max(0, news - recent.length);
    const told = news === 0 ? [] : recent.slice(-news);
    return missed === 0 ? told : [`${missed} more incidents before the next`, ...told];
  }
}
