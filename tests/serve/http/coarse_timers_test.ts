import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { coarseTimer } from "../../../lib/serve/http/coarse_timers.ts";
import { soon } from "./reading.ts";

/** Waits at least `milliseconds`, and resolves to the measured ones. */
function after(milliseconds: number): Promise<number> {
  const begun = performance.now();
  return new Promise((resolve) => coarseTimer(milliseconds, () => resolve(performance.now() - begun)));
}

Deno.test("coarseTimer() calls no sooner than asked, the earlier ones first", async () => {
  const ended: number[] = [];
  const waits = [35, 0, 12, 12].map((wait, index) => after(wait).then((took) => (ended.push(index), [wait, took])));
  for (const [wait, took] of await soon(Promise.all(waits), "the timers")) assertGreaterOrEqual(took!, wait!);
  assertEquals(ended, [1, 2, 3, 0]);
});

Deno.test("coarseTimer() skips a cancelled callback, and calls all others of the same moment", async () => {
  const calls: string[] = [];
  const call = () => calls.push("twice");
  coarseTimer(20, call);
  const callOff = coarseTimer(20, () => calls.push("never"));
  coarseTimer(20, call);
  callOff();
  callOff();
  await soon(after(40), "a later timer");
  assertEquals(calls, ["twice", "twice"]);
  callOff();
});

Deno.test("coarseTimer() clears its timer when all callbacks are cancelled, and can start again", async () => {
  // A timer that is left would keep the process, and this test, from ending.
  const callOffs = Array.from({ length: 100 }, () => coarseTimer(3_600_000, () => {}));
  for (const callOff of callOffs) callOff();
  const late = coarseTimer(3_600_000, () => {});
  for (const callOff of callOffs) callOff();
  await soon(after(0), "a timer");
  late();
});
