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

Deno.test("Incidents: each is heard once by every machine, in order, and what did not fit is counted", () => {
  const [own, other] = [new Incidents(true), new Incidents(true)];
  assertEquals(other.hear(presence(own)), []);
  own.add("one");
  own.add("two");
  assertEquals(other.hear(presence(own)), ["one", "two"]);
  assertEquals(other.hear(presence(own)), []);
  for (let i = 3; i <= 9; i++) own.add(`${i}`);
  assertEquals(other.hear(presence(own)), ["2 more incidents before the next", "5", "6", "7", "8", "9"]);
  own.add("x".repeat(10_000));
  assertEquals(other.hear(presence(own)), ["x".repeat(200)]);
});

Deno.test("Incidents: a machine that resumes hears what is new, and one that was started again counts from 0", () => {
  const own = new Incidents(true);
  own.add("old");
  const resumed = new Incidents(false);
  assertEquals(resumed.hear(presence(own)), []);
  own.add("new");
  assertEquals(resumed.hear(presence(own)), ["new"]);
  const again = new Incidents(true);
  again.add("of another life");
  assertEquals(resumed.hear(presence(again)), ["of another life"]);
});
