/**
 * Trains many small rounds in a process, and prints its memory after garbage collection twenty times. Arguments: a folder
 * for the run, and the number of rounds.
 */
import { createTinyRun } from "../tiny_run.ts";

declare const gc: () => void;

const [folder, count] = Deno.args;
const rounds = Number(count);
const small = { shards: 2, batchSize: 1, averageEvery: 1, stepsPerEpoch: 500, epochs: rounds / 500, heldOut: 1 };
// With one core, waiting workers sleep, and take no time from tests that run in parallel.
const run = await createTinyRun(folder!, { ...small, checkpointEvery: "1s", restoreBest: true }, 1);
let next = 0;
const watching = (async () => {
  for await (const event of run.log.read(0, new AbortController().signal)) {
    if (event.type !== "progress" || event.round < next) continue;
    next += rounds / 20;
    gc();
    const { rss, heapUsed } = Deno.memoryUsage();
    // deno-lint-ignore no-console
    console.log(JSON.stringify({ round: event.round, rss, heapUsed }));
  }
})();
await run.train();
await watching;
Deno.exit(0);
