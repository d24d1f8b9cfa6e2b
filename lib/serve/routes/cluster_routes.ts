/** `/cluster`: the machines that train a run together. */
import { clusterStatusSchema } from "../../base/events.ts";
import { problemAnswer, Refusal } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import type { Services } from "../services.ts";

export function clusterRoutes(routes: Routes, { cluster }: Services): void {
  routes.add({
    method: "get",
    path: "/cluster",
    summary: "The machines that train the run, as this one sees them",
    responses: {
      200: jsonAnswer("The machines", clusterStatusSchema),
      404: problemAnswer("No other machine takes part"),
    },
  }, (c) => {
    const view = cluster?.();
    if (view) return c.json(view);
    throw new Refusal(404, {
      field: "cluster",
      message: "the run is on one machine: it was started without `cluster`",
    });
  });
}
