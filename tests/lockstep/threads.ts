/** Runs real threads for tests and asks each one question. */
import { PATIENCE_MS } from "../patience.ts";

/** Resolves to the answer of the worker at `url` to `message`, and then, or at the deadline, ends the worker. */
export async function ask(url: URL, message: unknown, deadlineMs = PATIENCE_MS): Promise<unknown> {
  const worker = new Worker(url, { type: "module", deno: { permissions: "none" } });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const deadline = setTimeout(() => reject(new Error(`No answer within ${deadlineMs} ms`)), deadlineMs);
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  worker.postMessage(message);
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
    worker.terminate();
  }
}
