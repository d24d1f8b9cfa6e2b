/** Ends waits by a signal or a deadline. */

/** Waits for `promise`. If `signal` aborts first, throws its reason and ignores the later result. */
export async function unlessAborted<Value>(signal: AbortSignal | undefined, promise: Promise<Value>): Promise<Value> {
  if (!signal) return await promise;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  promise.catch(() => {});
  try {
    return await Promise.race([aborted.promise, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Waits for `promise`, but at most `milliseconds`: after them, resolves to `late` and ignores the later result. */
export async function within<Value, Late>(
  milliseconds: number,
  promise: Promise<Value>,
  late: Late,
): Promise<Value | Late> {
  const passed = Promise.withResolvers<Late>();
  const timer = setTimeout(() => passed.resolve(late), milliseconds);
  try {
    return await Promise.race([promise, passed.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Yields the values of `source` until `signal` aborts, and then leaves a value that has not come. */
export async function* untilAborted<Value>(
  source: AsyncGenerator<Value, void, void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Value, void, void> {
  try {
    for (;;) {
      const next = await unlessAborted(signal, source.next());
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    // It may wait for a value that never comes.
    void source.return().catch(() => {});
  }
}
