/** Shows the files that runs started over HTTP may read: `GET /files` and `GET /files/preview`. */
import { z } from "@hono/zod-openapi";
import { describe } from "../../base/printable.ts";
import { inputError } from "../../base/errors.ts";
import { dataFilesSchema, filePreviewSchema } from "../../run/library/data_files.ts";
import { problemAnswer, Refusal } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import type { Services } from "../services.ts";

const nameSchema = z.string().min(1).max(4096);

export function fileRoutes(routes: Routes, { runs }: Services): void {
  routes.add({
    method: "get",
    path: "/files",
    summary: "Files of rows in the data directory, which a run may name",
    responses: {
      200: jsonAnswer(
        "The files; `more` is true if there are too many to list. None without one",
        dataFilesSchema,
      ),
    },
  }, async (c) => c.json(await runs.files?.() ?? { files: [], more: false }));

  routes.add({
    method: "get",
    path: "/files/preview",
    summary: "Columns and first rows of such a file",
    request: { query: z.object({ name: nameSchema }) },
    responses: {
      200: jsonAnswer(
        "Its format, columns and first rows, and the columns that are probably text and label",
        filePreviewSchema,
      ),
      400: problemAnswer("The name is missing, or the file has no rows"),
      404: problemAnswer("The data directory has no such file"),
    },
  }, async (c) => {
    const name = c.env.target.query().get("name") ?? undefined;
    const parsed = nameSchema.safeParse(name);
    if (!parsed.success) throw inputError("name", `name is ${describe(name)}: expected a name of GET /files`);
    const preview = await runs.preview?.(parsed.data);
    if (preview) return c.json(preview);
    throw new Refusal(404, { field: "name", message: `No file ${describe(name)}: GET /files lists those there are` });
  });
}
