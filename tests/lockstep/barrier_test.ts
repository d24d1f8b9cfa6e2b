import { assert, assertEquals, assertThrows } from "@std/assert";
import { abort, Aborted, createBarrier } from "../../lib/lockstep/barrier.ts";
import { CONTROL_WORDS } from "../../lib/lockstep/memory/control.ts";
import type { BarrierTask } from "./barrier_worker.ts";
import { ask } from "./threads.ts";
import { PATIENCE_MS } from "../patience.ts";

const url = new URL("./barrier_worker.ts", import.meta.url);
const words = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length));

function task(workers: number, generations: number, change: Partial<BarrierTask> = {}): BarrierTask {
  return {
    control: words(CONTROL_WORDS),
    heart: words(1),
    arrivals: words(generations),
    actions: words(generations),
    workers,
    timeoutMs: PATIENCE_MS,
    spin: false,
    ...change,
  };
}
const askEach = (count: number, given: BarrierTask) =>
  Promise.all(Array.from({ length: count }, () => ask(url, { ...given, heart: words(1) })));

for (const [workers, spin] of [[1, true], [2, true], [2, false], [4, false], [5, true]] as const) {
  const how = spin ? "spin" : "sleep";
  Deno.test(`a barrier lets none of ${workers} workers that ${how} pass early in 1,000 generations`, async () => {
    const given = task(workers, 1000, { spin });
    assertEquals(await askEach(workers, given), new Array(workers).fill({ early: 0 }));
    assertEquals(given.actions, words(1000).fill(1));
    assertEquals(given.arrivals, words(1000).fill(workers));
  });
}

Deno.test("abort() releases all waiting workers, with Aborted", async () => {
  const given = task(4, 1);
  const answers = askEach(3, given);
  const deadline = performance.now() + PATIENCE_MS;
  while (Atomics.load(given.arrivals, 0) < 3) { // each of the three is at the barrier, or one instruction before
    assert(performance.now() < deadline, "The workers did not come");
    const wait = Atomics.waitAsync(given.arrivals, 0, Atomics.load(given.arrivals, 0), 20);
    await wait.value;
  }
  abort(given.control);
  assertEquals(await answers, new Array(3).fill({ error: "Aborted: The run was aborted" }));
  assertEquals([...given.actions], [0]);
});

Deno.test("a barrier throws at its deadline when a worker does not arrive", () => {
  const heart = words(1);
  const barrier = createBarrier({ control: words(CONTROL_WORDS), heart, workers: 2, timeoutMs: 250, spin: false });
  const began = performance.now();
  assertThrows(() => barrier(), Error, "did not reach the barrier within 0.25 s");
  const took = performance.now() - began;
  assert(took >= 249, `It took ${took} ms`);
  assert(heart[0]! >= 2, "Who waits should beat its heart");
});

for (const spin of [true, false]) {
  Deno.test(`a worker that waits at a barrier helps while there is work${spin ? "" : ", without spinning"}`, () => {
    const control = words(CONTROL_WORDS);
    const common = { control, heart: words(1), workers: 2, timeoutMs: 5000, spin };
    const other = createBarrier(common);
    let left = 3;
    createBarrier({
      ...common,
      help() {
        if (left === 0) return false;
        if (--left === 0) other();
        return true;
      },
    })();
    assertEquals(left, 0);
  });
}

Deno.test("a barrier after abort() throws Aborted for every worker", () => {
  const control = words(CONTROL_WORDS);
  abort(control);
  for (const workers of [1, 2]) {
    const barrier = createBarrier({ control, heart: words(1), workers, timeoutMs: 5000, spin: true });
    assertThrows(() => barrier(), Aborted);
  }
});

Deno.test("a barrier throws the error of its action", () => {
  const barrier = createBarrier({
    control: words(CONTROL_WORDS),
    heart: words(1),
    workers: 1,
    timeoutMs: 5000,
    spin: false,
  });
  assertThrows(
    () =>
      barrier(() => {
        throw new RangeError("no");
      }),
    RangeError,
    "no",
  );
});
