/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Runs a training worker with a fault from its config: delays in every worker, any other fault only in worker 1. */
import { startWorker, type WorkerReply, type WorkerStart } from "../../lib/lockstep/worker.ts";
import { drawsOf } from "../draws.ts";

export type Fault = "throws at once" | "mute" | "leaves" | "mute once ready" | "throws in the loop" | "delays";

const reply = (answer: WorkerReply) => self.postMessage(answer);
const now = performance.now.bind(performance);

/** Calls `act` between the pieces of work, as the loop reads the clock before and after each. */
function atEachPiece(act: () => void): void {
  performance.now = () => {
    act();
    return now();
  };
}

/** Injects `fault`. Returns true if the worker then continues normally. */
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
