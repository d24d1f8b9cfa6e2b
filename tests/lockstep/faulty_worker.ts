/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** A training worker with a fault that comes to it in the config; the faults are of worker 1 alone, the delays are not. */
import { startWorker, type WorkerReply, type WorkerStart } from "../../lib/lockstep/worker.ts";
import { drawsOf } from "../draws.ts";

export type Fault = "throws at once" | "mute" | "leaves" | "mute once ready" | "throws in the loop" | "delays";

const reply = (answer: WorkerReply) => self.postMessage(answer);
const now = performance.now.bind(performance);

/** The loop looks at the clock before and after each piece of work: a place to do something in between. */
function atEachPiece(act: () => void): void {
  performance.now = () => {
    act();
    return now();
  };
}

/** Whether the worker goes on as a sound one after what `fault` has it do. */
function give(fault: Fault, worker: number): boolean {
  switch (fault) {
    case "throws at once":
      throw new Error("out of luck");
    case "mute":
      return false;
    case "leaves":
      self.close();
      return false;
    case "mute once ready":
      reply({ type: "ready", engine: "tfjs/cpu" });
      return false;
    case "throws in the loop": {
      let pieces = 0;
      atEachPiece(() => {
        if (++pieces > 20) throw new Error("out of luck");
      });
      return true;
    }
    case "delays": {
      const word = new Int32Array(new SharedArrayBuffer(4));
      const draw = drawsOf(worker);
      atEachPiece(() => Atomics.wait(word, 0, 0, draw(2000) / 1000));
      return true;
    }
  }
}

self.onmessage = ({ data }: MessageEvent<WorkerStart & { readonly config: { readonly fault: Fault } }>) => {
  const { worker, config: { fault } } = data;
  if ((worker !== 1 && fault !== "delays") || give(fault, worker)) startWorker(data, reply);
};
