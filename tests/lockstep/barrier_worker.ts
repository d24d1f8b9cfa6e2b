/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Passes a barrier many times and counts how often it opened too early. */
import { createBarrier } from "../../lib/lockstep/barrier.ts";

export interface BarrierTask {
  readonly control: Int32Array;
  readonly heart: Int32Array;
  /** `[generation]` counts of arrivals, and of runs of the action. */
  readonly arrivals: Int32Array;
  readonly actions: Int32Array;
  readonly workers: number;
  readonly timeoutMs: number;
  readonly spin: boolean;
}

self.onmessage = ({ data }: MessageEvent<BarrierTask>) => {
  const barrier = createBarrier(data);
  let early = 0;
  try {
    for (let generation = 0; generation < data.arrivals.length; generation++) {
      Atomics.add(data.arrivals, generation, 1);
      barrier(() => data.actions[generation]!++);
      if (Atomics.load(data.arrivals, generation) !== data.workers || data.actions[generation] !== 1) early++;
    }
    self.postMessage({ early });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
