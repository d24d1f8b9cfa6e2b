/** Clients that were dropped because they did not read, until they come back and are told. */

export interface Drop {
  /** Address of the client. */
  readonly client: string;
  readonly run: string;
  /** The stream began after this event, and the last one that was sent is this: what arrived is in between. */
  readonly from: number;
  readonly to: number;
  /** ISO 8601. */
  readonly at: string;
}

/** Drops that are remembered; those of clients that never come back are forgotten at last. */
const MOST = 1000;

export class Drops {
  readonly #drops = new Set<Drop>();
  /** Since the server started. */
  count = 0;

  add(drop: Drop): void {
    this.count++;
    this.#drops.add(drop);
    if (this.#drops.size > MOST) this.#drops.delete(this.#drops.values().next().value!);
  }

  /** The drop of a client at this address that has the events of `run` up to `lastId`; it is forgotten then. */
  take(client: string, run: string, lastId: number): Drop | undefined {
    for (const drop of this.#drops) {
      if (drop.client !== client || drop.run !== run || lastId < drop.from || lastId > drop.to) continue;
      this.#drops.delete(drop);
      return drop;
    }
    return undefined;
  }
}

/** As lines of an event stream; without an id, since it is not of the run's log. */
export function dropFrame({ run, to, at }: Drop): string {
  const message = "the stream was cut, because nothing of it was read for too long";
  return `event: dropped\ndata: ${JSON.stringify({ type: "dropped", run, at, sent: to, message })}\n\n`;
}
