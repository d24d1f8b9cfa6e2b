import { assertEquals } from "@std/assert";
import { isFull, type Selection, toggle } from "../../../dashboard/state/address.ts";

const pick = (...runs: string[]) => runs.reduce<Selection>(toggle, []);

Deno.test("toggle() adds and removes runs, and the others keep their place", () => {
  const three = pick("a", "b", "c");
  const without = toggle(three, "b");
  assertEquals(without, ["a", "", "c"]);
  assertEquals(toggle(without, "d"), ["a", "d", "c"]);
});

Deno.test("toggle() takes five runs and not one more", () => {
  const five = pick("a", "b", "c", "d", "e");
  assertEquals([isFull(five), isFull(toggle(five, "c"))], [true, false]);
  assertEquals(toggle(five, "f"), five);
});
