/** The side of the thread: takes the messages of the thread that started it, and answers them. */
import { exit, getBuiltinModule } from "node:process";
import { runtime } from "./runtime.ts";

/** The scope of a thread in Deno. */
declare const self: {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  close(): void;
};

/**
 * Calls `handle` with every message, and a function that answers it. Call this before the first `await` of a thread's
 * module: messages that arrive earlier are lost.
 */
export function onMessage<Message, Reply>(
  handle: (message: Message, reply: (message: Reply, transfer?: ArrayBuffer[]) => void) => void,
): void {
  if (runtime === "deno") {
    const reply = (message: Reply, transfer: ArrayBuffer[] = []) => self.postMessage(message, transfer);
    self.onmessage = ({ data }: MessageEvent<Message>) => handle(data, reply);
    return;
  }
  const port = getBuiltinModule("node:worker_threads").parentPort;
  if (!port) throw new TypeError("This module runs in a thread only");
  const reply = (message: Reply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  port.on("message", (message: Message) => handle(message, reply));
}

/** Ends this thread, without a word to the one that started it. */
export function closeThread(): void {
  if (runtime === "deno") self.close();
  else exit();
}
