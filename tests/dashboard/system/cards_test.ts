import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { ConfigCard, groupsOf } from "../../../dashboard/system/config_card.ts";
import { Machines, Timeline, Workers } from "../../../dashboard/system/system.ts";
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
  const text = textOf(h(Workers, { workers, isOver: true }));
  assertStringIncludes(text, "Workers mean of the run worker computing averaging waiting sequences/s");
  assertStringIncludes(text, "0 90.0\u00a0% 4.0\u00a0% 5.0\u00a0% 1,234 1 90.0");
  assertEquals(textOf(h(Workers, { workers: [], isOver: false })), "Workers now Waiting for the first round");
});

Deno.test("Machines names the leader and this machine", () => {
  const traffic = { bytesUp: 1.25e6, bytesDown: 2e6, compute: 0.9, wait: 0.1, incidents: 0, incident: "" };
  const machine = { workers: 1, round: 7, inStep: true, ...traffic };
  const members = [{ ...machine, member: "east" }, { ...machine, member: "west", incident: "lost" }];
  const stamp = { id: 1, at: "2026-01-02T03:04:05.000Z", type: "cluster" } as const;
  const cluster = { ...stamp, name: "a", round: 7, members, leader: "east", member: "west" };
  const text = textOf(h(Machines, cluster));
  assertStringIncludes(text, "east (leader) 7 1.3 / 2.0 10.0\u00a0%");
  assertStringIncludes(text, "west (this machine) 7 1.3 / 2.0 10.0\u00a0% lost");
});

Deno.test("Timeline has a line per note, and says which are incidents", () => {
  const note = {
    id: 1,
    kind: "incident",
    seconds: 30,
    at: "2026-01-02T03:04:05.000Z",
    text: "Worker 1 was lost",
  } as const;
  assertEquals(textOf(h(Timeline, { notes: [note] })), "Timeline incidents only (1) 0:30 Worker 1 was lost");
  assertMatch(htmlOf(h(Timeline, { notes: [note] })), /<li class="incident bad">/);
  assertStringIncludes(textOf(h(Timeline, { notes: [] })), "Nothing yet");
});

Deno.test("ConfigCard has the digest with its round, engine and parameters, and all values", () => {
  const started = { ...startedEvent("a"), id: 1, at: "" };
  const text = textOf(h(ConfigCard, { started, config: { hidden: 77 }, digest: DIGEST, digestRound: 9 }));
  assertStringIncludes(text, `digest of the weights after round 9 ${DIGEST.slice(0, 12)}…`);
  assertStringIncludes(text, "engine tfjs · 26,754 parameters");
  assertMatch(text, /hidden 77/);
  const empty = h(ConfigCard, { started: undefined, config: {}, digest: "", digestRound: 0 });
  assertEquals(textOf(empty), "Config Nothing yet");
});

Deno.test("groupsOf() has the groups of the schema, and marks values that are no defaults", () => {
  const properties = {
    hidden: { default: 64, "x-group": "Training" },
    data: { default: [], "x-group": "Data" },
    seed: { default: 1, "x-group": "Training" },
  };
  assertEquals(groupsOf({ port: 0, hidden: 77, data: [], seed: 1 }, properties), [
    ["Training", [{ name: "hidden", value: "77", isChanged: true }, { name: "seed", value: "1", isChanged: false }]],
    ["Data", [{ name: "data", value: "", isChanged: false }]],
    ["Process", [{ name: "port", value: "0", isChanged: false }]],
  ]);
});
