import { assertEquals } from "@std/assert";
import { createTrainingStatus } from "../../../lib/cli/service/served_run.ts";

const at = "2026-11-23T12:00:00.000Z";

Deno.test("createTrainingStatus().cluster() has the newest 50 incidents of all machines", () => {
  const status = createTrainingStatus();
  for (let id = 1; id <= 60; id++) {
    const member = id % 2 ? { member: "b" } : {};
    status.observe({ id, at, type: "incident", message: `${id}`, ...member });
  }
  assertEquals(status.cluster(), undefined);
  status.observe({ id: 61, at, type: "cluster", name: "run", member: "a", leader: "b", round: 3, members: [] });
  const { incidents = [], leader } = status.cluster() ?? {};
  assertEquals([leader, incidents.length], ["b", 50]);
  assertEquals(incidents.slice(-2), [{ at, member: "b", message: "59" }, { at, member: "a", message: "60" }]);
});

Deno.test("createTrainingStatus().read() counts only the incidents of this machine", () => {
  const status = createTrainingStatus();
  const rest = { training: { loss: 1, accuracy: 0 }, sequencesPerSecond: 1, drift: null, workers: [] };
  status.observe({ id: 1, at, type: "progress", round: 1, step: 1, epoch: 1, ...rest });
  status.observe({ id: 2, at, type: "incident", message: "here" });
  status.observe({ id: 3, at, type: "incident", message: "there", member: "b" });
  assertEquals(status.read()?.incidents, 1);
});
