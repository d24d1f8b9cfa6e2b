import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { ConfigCard } from "../../../dashboard/system/config_card.ts";
import { Machines } from "../../../dashboard/system/machines.ts";
import { Timeline } from "../../../dashboard/system/timeline.ts";
import { Workers } from "../../../dashboard/system/workers.ts";
import { DIGEST } from "../browser/fake_predictors.ts";
import { startedEvent } from "../browser/trained_run.ts";
import { htmlOf, textOf } from "../rendered.ts";

Deno.test("Workers shows the shares of each worker, and says what they are the mean of", () => {
  const workers = [0, 1].map((worker) => ({
    worker,
    sequencesPerSecond: 1234,
    compute: 0.9,
    average: 0.04,
    wait: 0.05,
  }));
  const html = htmlOf(h(Workers, { workers, isOver: false }));
  assertStringIncludes(
    html,
    'aria-label="computing 90.0\u00a0%, averaging 4.0\u00a0%, waiting 5.0\u00a0%, other 1.0\u00a0%"',
  );
  assertStringIncludes(textOf(h(Workers, { workers, isOver: true })), "Workers mean of the run compute 90\u00a0%");
  assertEquals(textOf(h(Workers, { workers: [], isOver: false })), "Workers now Waiting for the first round");
});

Deno.test("Machines names the leader and this machine", () => {
  const traffic = { bytesUp: 1.25e6, bytesDown: 2e6, compute: 0.9, wait: 0.1, incidents: 0, incident: "" };
  const machine = { workers: 1, round: 7, inStep: true, ...traffic };
  const members = [{ ...machine, member: "east" }, { ...machine, member: "west", incident: "lost" }];
  const stamp = { id: 1, at: "2026-01-02T03:04:05.000Z", type: "cluster" } as const;
  const cluster = { ...stamp, name: "a", round: 7, members, leader: "east", member: "west" };
  const text = textOf(h(Machines, { cluster }));
  assertStringIncludes(text, "east (leader) 7 1.3 / 2.0 10.0\u00a0%");
  assertStringIncludes(text, "west (this machine) 7 1.3 / 2.0 10.0\u00a0% lost");
});

Deno.test("Timeline has a mark and a line per note, and the ends of its axis", () => {
  const note = {
    id: 1,
    kind: "incident",
    seconds: 30,
    at: "2026-01-02T03:04:05.000Z",
    text: "Worker 1 was lost",
  } as const;
  const html = htmlOf(h(Timeline, { notes: [note], seconds: 60 }));
  assertMatch(html, /class="bad" title="0:30 Worker 1 was lost" style="left: 50%/);
  const text = textOf(h(Timeline, { notes: [note], seconds: 60 }));
  assertEquals(text, "Timeline incidents only (1) 0:00 1:00 0:30 Worker 1 was lost");
  assertStringIncludes(textOf(h(Timeline, { notes: [], seconds: 0 })), "Nothing yet");
});

Deno.test("ConfigCard has the digest with its round, and all values", () => {
  const started = { ...startedEvent("a"), id: 1, at: "" };
  const text = textOf(h(ConfigCard, { started, config: { hidden: 77 }, digest: DIGEST, round: 9 }));
  assertStringIncludes(text, `digest of the weights after round 9 ${DIGEST.slice(0, 12)}…`);
  assertMatch(text, /hidden 77 .*parameters 26,754/);
  assertEquals(textOf(h(ConfigCard, { started: undefined, config: {}, digest: "", round: 0 })), "Config Nothing yet");
});
