/** Real threads for tests, each asked one thing. */
import { PATIENCE_MS } from "../patience.ts";

/** What the worker at `url` answers to `message`; it is ended then, or at the deadline. */
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
