import { assertEquals } from "@std/assert";
import { inTurns } from "../lib/base/turns.ts";

Deno.test("inTurns() does all of the work, and lets a due timer run in between", async () => {
  let due = false;
  let steps = 0;
  const timer = setTimeout(() => due = true);
  await inTurns((function* () {
    // Without turns, the timer would never fire.
    while (!due && steps < 1e9) yield void steps++;
    steps = -1;
  })());
  clearTimeout(timer);
  assertEquals([due, steps], [true, -1]);
});
