import { assertEquals } from "@std/assert";
import { figuresOfEvents } from "../../../lib/cli/service/training_figures.ts";

const at = "2026-11-23T12:00:00.000Z";

Deno.test("figuresOfEvents().cluster() has the newest 50 incidents of all machines, with their names", () => {
  const figures = figuresOfEvents();
  for (let id = 1; id <= 60; id++) {
    const member = id % 2 ? { member: "b" } : {};
    figures.observe({ id, at, type: "incident", message: `${id}`, ...member });
  }
  assertEquals(figures.cluster(), undefined);
  figures.observe({ id: 61, at, type: "cluster", name: "run", member: "a", leader: "b", round: 3, members: [] });
  const { incidents = [], leader } = figures.cluster() ?? {};
  assertEquals([leader, incidents.length], ["b", 50]);
  assertEquals(incidents.slice(-2), [{ at, member: "b", message: "59" }, { at, member: "a", message: "60" }]);
});

Deno.test("figuresOfEvents().read() counts the incidents of this machine alone", () => {
  const figures = figuresOfEvents();
  const rest = { training: { loss: 1, accuracy: 0 }, sequencesPerSecond: 1, drift: null, workers: [] };
  figures.observe({ id: 1, at, type: "progress", round: 1, step: 1, epoch: 1, ...rest });
  figures.observe({ id: 2, at, type: "incident", message: "here" });
  figures.observe({ id: 3, at, type: "incident", message: "there", member: "b" });
  assertEquals(figures.read()?.incidents, 1);
});
