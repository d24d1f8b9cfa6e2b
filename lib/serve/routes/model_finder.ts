/** Finds the model that a request names in its path, or the first one. */
import type { Context } from "hono";
import { describe } from "../../base/printable.ts";
import type { ServedModel } from "../../predict/served_model.ts";
import type { ServedModels } from "../../predict/served_models.ts";
import { Refusal } from "../pipeline/problem.ts";
import type { RouteEnv } from "../pipeline/routes.ts";

/** Returns the model that predicts for a request, by its path or the first one, which the caller releases. Throws a Refusal. */
export function takeModel(models: ServedModels, { req }: Context<RouteEnv, string>): ServedModel {
  const name = req.param("name");
  return models.take(name) ?? missing(models, name);
}

/** Returns the model that a request asks about, as `takeModel` does, but never a canary. */
export function holdModel(models: ServedModels, { req }: Context<RouteEnv, string>): ServedModel {
  const name = req.param("name");
  return models.hold(name) ?? missing(models, name);
}

/** Throws the Refusal of a name without a model; `others` are valid as well. */
export function missing(models: ServedModels, name: string | undefined, ...others: readonly string[]): never {
  const names = [...models.listed.map(({ model }) => model.name), ...others];
  const expected = [names.slice(0, -1).join(", "), names.at(-1)].filter((part) => part !== "").join(" or ");
  throw new Refusal(404, { field: "name", message: `No model ${describe(name)}: expected ${expected}` });
}
