/** A run as the routes show it, and how they find the one that is asked for. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../data/batches/check_tokens.ts";
import { type RunDetail, runDetailSchema } from "../../run/types.ts";
import { Refusal } from "../pipeline/problem.ts";
import type { RunLibrary } from "../services.ts";

/** The schema of a run as a new object, because only those made after `@hono/zod-openapi` is loaded have `openapi`. */
export const runSchema = z.object(runDetailSchema.shape).openapi("Run");

/** Names of files are not asked for what cannot be one's name. */
export const idSchema = z.string().regex(/^[\w-][\w.-]{0,199}$/);

/** Finds a run by the id in a path. What it returns throws a Refusal if there is none. */
export function runFinder(runs: RunLibrary): (id: string | undefined) => Promise<RunDetail> {
  return async (id) => {
    const parsed = idSchema.safeParse(id);
    const run = parsed.success ? await runs.get(parsed.data) : undefined;
    if (run) return run;
    const message = `there is no run ${describe(id)}: GET /runs lists those there are`;
    throw new Refusal(404, { field: "id", message });
  };
}
