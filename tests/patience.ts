/**
 * Limits how long tests wait: long enough for a slow and busy machine, since no test may depend on its speed. The test of
 * hanging workers shortens it by the environment, for processes that it starts.
 */
const given = Deno.env.get("LOCKSTEP_TEST_PATIENCE_MS");

/** Milliseconds that a test waits before it fails. */
export const PATIENCE_MS = given === undefined ? 120_000 : Number(given);

/** Flags of a process that trains: a shorter timeout of workers, if the environment sets one. */
export const WORKER_TIMEOUT: readonly string[] = given === undefined
  ? []
  : ["--worker-timeout", String(PATIENCE_MS / 1000)];
