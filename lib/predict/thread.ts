/** Runs in the prediction thread: handles each message in turn. */
import { errorMessage } from "../base/errors.ts";
import { parameterLayout } from "../model/layout.ts";
import { decodeCheckpoint } from "../lockstep/memory/checkpoint_codec.ts";
import { BatchPredictor } from "./batch_predictor.ts";
import type { BatchOptions, FromThread, ToThread } from "./protocol.ts";

/** Returns the function that handles each message, and never throws. */
export function predictThread(reply: (message: FromThread) => void): (message: ToThread) => void {
  let predictor: BatchPredictor | undefined;
  let options: BatchOptions | undefined;
  // One after the other: opening takes a while, and messages that come meanwhile wait.
  let turn: Promise<void> | undefined;

  async function open(given: BatchOptions): Promise<void> {
    options = given;
    predictor = await BatchPredictor.open(given);
    reply({ type: "done" });
  }

  async function keep(round: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const layout = parameterLayout(options!.spec);
    const { state, digest } = await decodeCheckpoint(bytes, layout);
    if (state.round !== round) throw new RangeError(`The checkpoint is of round ${state.round}: expected ${round}`);
    predictor!.keep({ round, digest, weights: state.values.slice(0, layout.size) });
    reply({ type: "done" });
  }

  /** Handles `message`; returns a promise only for work that takes a while. */
  function handle(message: ToThread): Promise<void> | undefined {
    switch (message.type) {
      case "open":
        return open(message.options);
      case "newest":
        predictor!.setNewest(message.newest);
        reply({ type: "done" });
        return;
      case "checkpoint":
        return keep(message.round, message.bytes);
      case "predict":
        reply({ type: "outcome", outcome: predictor!.predict(message.inputs, message) });
        return;
    }
  }

  const failed = (error: unknown) => reply({ type: "failed", error: errorMessage(error) });

  return (message) => {
    const waited = turn;
    try {
      const work = waited ? waited.then(() => handle(message)) : handle(message);
      if (!work) return;
      const done = work.catch(failed).finally(() => {
        if (turn === done) turn = undefined;
      });
      turn = done;
    } catch (error) {
      failed(error);
    }
  };
}
