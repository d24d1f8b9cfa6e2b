import { assertEquals } from "@std/assert";
import { Incidents } from "../../../lib/cluster/roles/incidents.ts";
import type { Presence } from "../../../lib/cluster/protocol/messages.ts";

function presence(incidents: Incidents): Presence {
  const rest = {
    life: "1",
    beat: 1,
    workers: 1,
    round: 1,
    inStep: true,
    bytesUp: 0,
    bytesDown: 0,
    compute: 0,
    wait: 1,
    digests: [],
    key: "k".repeat(43),
    earlier: [],
  };
  return { member: "a", ...rest, ...incidents.shown() };
}

Deno.test("Incidents: every machine takes each once, in order, and the number of those without room", () => {
  const [own, other] = [new Incidents(true), new Incidents(true)];
  assertEquals(other.take(presence(own)), []);
  own.add("one");
  own.add("two");
  assertEquals(other.take(presence(own)), ["one", "two"]);
  assertEquals(other.take(presence(own)), []);
  for (let i = 3; i <= 9; i++) own.add(`${i}`);
  assertEquals(other.take(presence(own)), ["2 more incidents before the next", "5", "6", "7", "8", "9"]);
  own.add("x".repeat(10_000));
  assertEquals(other.take(presence(own)), ["x".repeat(200)]);
});

Deno.test("Incidents: a resumed machine takes new ones, and a restarted one counts from 0", () => {
  const own = new Incidents(true);
  own.add("old");
  const resumed = new Incidents(false);
  assertEquals(resumed.take(presence(own)), []);
  own.add("new");
  assertEquals(resumed.take(presence(own)), ["new"]);
  const again = new Incidents(true);
  again.add("of another life");
  assertEquals(resumed.take(presence(again)), ["of another life"]);
});
