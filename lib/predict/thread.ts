/** The prediction thread's life: each message done in turn. */
import { errorMessage } from "../base/errors.ts";
import { parameterLayout } from "../model/layout.ts";
import { decodeCheckpoint } from "../run/files/checkpoint.ts";
import { Desk } from "./batch_predictor.ts";
import type { DeskOptions, FromThread, ToThread } from "./protocol.ts";

/** What is called with each message. Never throws. */
export function predictThread(reply: (message: FromThread) => void): (message: ToThread) => void {
  let desk: Desk | undefined;
  let options: DeskOptions | undefined;
  // One after the other: opening takes a while, and what comes meanwhile waits.
  let turn: Promise<void> | undefined;

  async function open(given: DeskOptions): Promise<void> {
    options = given;
    desk = await Desk.open(given);
    reply({ type: "done" });
  }

  async function keep(round: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const layout = parameterLayout(options!.spec);
    const { state, digest } = await decodeCheckpoint(bytes, layout);
    if (state.round !== round) throw new RangeError(`The checkpoint is of round ${state.round}: expected ${round}`);
    desk!.keep({ round, digest, weights: state.values.slice(0, layout.size) });
    reply({ type: "done" });
  }

  /** Work that has to be waited for. */
  function handle(message: ToThread): Promise<void> | undefined {
    switch (message.type) {
      case "open":
        return open(message.options);
      case "newest":
        desk!.setNewest(message.newest);
        reply({ type: "done" });
        return;
      case "checkpoint":
        return keep(message.round, message.bytes);
      case "predict":
        reply({ type: "outcome", outcome: desk!.predict(message.inputs, message.version) });
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
