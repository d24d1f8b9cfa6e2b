/** Finds the model of a run among those that a server answers with. No DOM. */
import type { ModelList } from "../../lib/serve/routes/model_routes.ts";

/** Returns the name by which a server of several models answers with `run`; undefined for its only or first model. */
export function nameOf(models: Pick<ModelList["models"][number], "name" | "run">[], run: string): string | undefined {
  const at = models.findIndex((model) => model.run === run);
  return at > 0 ? models[at]!.name : undefined;
}
