/** Reads answers in tests, with a deadline for every wait. */
import { PATIENCE_MS } from "../../patience.ts";
import { decoded } from "../../text.ts";

/** Waits for `promise`, and fails with `what` after the deadline. */
export async function soon<T>(promise: Promise<T>, what: string, deadlineMs = PATIENCE_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not happen within ${deadlineMs} ms`)), deadlineMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when `condition` holds, which it checks every few milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Yields the frames of an event stream, without the blank line at their ends. */
export async function* frames(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  let rest = "";
  for await (const text of decoded(body ?? new ReadableStream())) {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest) throw new Error(`The stream ended within a frame: ${rest}`);
}

/** Takes the next `count` frames. */
export async function take(source: AsyncIterator<string>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { done, value } = await soon(source.next(), `frame ${taken.length + 1} of ${count}`);
    if (done) throw new Error(`The stream ended after ${taken.length} of ${count} frames`);
    taken.push(value);
  }
  return taken;
}

/** Takes all frames of an answer that ends. */
export async function allFrames(response: Response): Promise<string[]> {
  return await soon(Array.fromAsync(frames(response.body)), "the end of the stream");
}

/** Returns the ids in `taken`, in order. */
export function ids(taken: readonly string[]): number[] {
  return taken.flatMap((frame) => /^id: (\d+)$/m.exec(frame)?.slice(1).map(Number) ?? []);
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors: readonly { field: string; message: string }[];
}
