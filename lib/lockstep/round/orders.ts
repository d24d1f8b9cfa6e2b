/**
 * Lets the main thread lead its workers through a round with other machines: it gives one order at a time and learns when
 * all workers are ready for the next. An order is in shared memory before its number is.
 */
import { throwIfAborted, WAKE_MS } from "../barrier.ts";
import { Word } from "../memory/control.ts";
import type { SharedRun } from "../memory/views.ts";

/** Orders to `train` the dealt shards and sum their nodes, to `commit` the next state that the main thread wrote, or to `leave`. */
export const Order = { train: 1, commit: 2, leave: 3 } as const;
export type Order = typeof Order[keyof typeof Order];

/** Gives an order for some shards. The main thread calls it. */
export function giveOrder({ control, dealt }: SharedRun, order: Order, shards: readonly number[] = []): void {
  const number = Atomics.load(control, Word.order) + 1;
  for (const shard of shards) dealt[shard] = number;
  Atomics.store(control, Word.orderKind, order);
  // The number comes last: a worker that sees it sees the order.
  Atomics.store(control, Word.order, number);
  Atomics.notify(control, Word.order);
}

/** Counts how often all workers were ready for an order. */
export function timesReady({ control }: SharedRun): number {
  return Atomics.load(control, Word.ready);
}

/** Resolves when the workers are ready more often than `before`, or after `milliseconds`. */
export async function readyAfter({ control }: SharedRun, before: number, milliseconds: number): Promise<void> {
  const waiting = Atomics.waitAsync(control, Word.ready, before, milliseconds);
  if (waiting.async) await waiting.value;
}

/** Waits for the order that follows number `seen`. A worker calls it. Throws Aborted. */
export function awaitOrder(
  { control, dealt }: SharedRun,
  heart: Int32Array,
  seen: number,
): { readonly number: number; readonly order: number; readonly shards: readonly number[] } {
  while (Atomics.load(control, Word.order) === seen) {
    throwIfAborted(control);
    Atomics.add(heart, 0, 1);
    Atomics.wait(control, Word.order, seen, WAKE_MS);
  }
  throwIfAborted(control);
  const number = seen + 1;
  const shards = [...dealt.keys()].filter((shard) => dealt[shard] === number);
  return { number, order: Atomics.load(control, Word.orderKind), shards };
}

/** Reports that all workers are ready. The last worker at a barrier calls it. */
export function tellReady({ control }: SharedRun): void {
  Atomics.add(control, Word.ready, 1);
  Atomics.notify(control, Word.ready);
}
