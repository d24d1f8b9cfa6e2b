/** Serves a model over HTTP: on a port of its own, or as a part of the caller's app. */
import { Hono } from "hono";
import { basePath } from "hono/route";
import { counted } from "../base/counted.ts";
import { inputError } from "../base/errors.ts";
import { resolveConfig } from "../config/resolve.ts";
import { type Config, serviceShape } from "../config/schema.ts";
import { describe } from "../base/printable.ts";
import { isRecord } from "../base/record.ts";
import type { OpenedModel } from "../predict/served_model.ts";
import { DEFAULT_NAME, MODEL_NAME, MOST_MODELS, ServedModels } from "../predict/served_models.ts";
import { withLabelling } from "../run/examples/labelling.ts";
import { openPredictor } from "../run/open_predictor.ts";
import { Retraining } from "../run/learning/retraining.ts";
import { bytesOf, openServed, openServedById, type ServedRunOptions } from "../run/open_served.ts";
import { createApp } from "../serve/app.ts";
import { labelTokenProblem, tokenProblem } from "../serve/pipeline/access.ts";
import { allowedHostsFor } from "../serve/pipeline/gate.ts";
import { openService } from "../serve/service.ts";
import { givenValues } from "./given_values.ts";
import { OpenModel } from "./model.ts";
import type { Model } from "./types/model.ts";
import type { AppOptions, Models, ServeOptions, Server } from "./types/service.ts";

/** The options of an app, and those of a server: a program passes the token itself, and has its own log. */
const OF_APP = ["batchMax", "batchDelayMs", "queueMax", "predictTimeout"];
const NOT_OF_SERVER = ["tokenFile", "labelTokenFile", "accessLog"];
const OF_SERVER = Object.keys(serviceShape).filter((key) => !NOT_OF_SERVER.includes(key));

/** The modules that the threads of a server run. */
interface ServerThreads {
  readonly predictUrl: URL;
  readonly workerUrl: URL;
  readonly baselineUrl: URL;
}

/** Serves models on a port. */
export async function serveModels(
  given: Model | Models,
  options: ServeOptions,
  { predictUrl, ...threads }: ServerThreads,
): Promise<Server> {
  const { token, labelToken, onError, runsDir, ...others } = options;
  const config = configOf(others, OF_SERVER, ["token", "labelToken", "onError", "runsDir"]);
  checkToken(token);
  const problem = labelToken === undefined ? undefined : labelTokenProblem(labelToken, token);
  if (problem !== undefined) throw inputError("labelToken", `labelToken ${problem}`);
  if (token === undefined && allowedHostsFor(config.host) === "any") {
    const message =
      `host is ${config.host}, which other machines can reach: expected a \`token\` that clients must send`;
    throw inputError("host", message);
  }
  const note = (line: string) => onError?.(new Error(line));
  const opening = { config, onIncident: note, predictUrl };
  const all = named(given);
  const [first] = Object.values(all);
  // Runs that are loaded or trained later have the kernels of the first model.
  const native = first && modelOf(first).origin.native;
  const retraining = config.retrainAfter === 0 ? undefined : await Retraining.open({
    directory: onlyDirectory(all, runsDir),
    config,
    threads: { ...threads, cores: navigator.hardwareConcurrency, native },
    say: note,
    warn: note,
  });
  let served: ServedModels | undefined;
  const close = async () => {
    await retraining?.close();
    served?.close();
  };
  try {
    const own = { ...opening, native, examples: retraining };
    const open = (model: Model) =>
      retraining ? retraining.current().then((found) => openServed(found, own)) : opened(model, opening);
    const entries = Object.entries(all).map(async ([name, model]) => [name, await open(model)] as const);
    const models = new ServedModels(await Promise.all(entries));
    served = models;
    const service = await openService({
      config,
      token,
      labelToken,
      assets: new Map(),
      note,
      ...onError && { onError },
    });
    const openRun = (folder: string) => (id: string) => openServedById(folder, id, own);
    service.serve({ models, ...runsDir !== undefined && { openRun: openRun(runsDir) } });
    // Their threads start now, before the first request; answers report failures.
    for (const { predictor } of models.all) predictor.model().catch(() => {});
    retraining?.start(models, models.first.name, own);
    const end = async () => {
      await service.close();
      await close();
    };
    return {
      url: service.url,
      load: async (name, model) => {
        if (retraining && name === models.first.name) {
          throw inputError("name", `${name} is trained on with its examples: expected another name`);
        }
        await models.load(name, () => Promise.resolve(opened(model, opening)));
      },
      unload: (name) => models.unload(name),
      startCanary: (name, model, share) =>
        models.startCanary(name, modelOf(model).run, share, () => Promise.resolve(opened(model, opening))),
      endCanary: (name) => models.endCanary(name),
      close: end,
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Returns the folder of the run of the only model. Throws an InputError for models that cannot be trained on. */
function onlyDirectory(models: Models, runsDir: string | undefined): string {
  const refuse = (message: string) => inputError("retrainAfter", `retrainAfter is given with ${message}`);
  const [model, ...others] = Object.values(models);
  if (others.length > 0) throw refuse(`${counted(1 + others.length, "model")}: expected one`);
  if (runsDir !== undefined) throw refuse("runsDir: expected no runs that clients load, which training would replace");
  const { directory } = modelOf(model).origin;
  if (directory === undefined) throw refuse("a model of no run: expected one that load() has read from its folder");
  return directory;
}

/** Returns the app of models to mount in another one, which checks hosts and origins itself. */
export function mountableApp(given: Model | Models, options: AppOptions, predictUrl: URL): Hono {
  const { token, onError, ...others } = options;
  const config = configOf(others, OF_APP, ["token", "onError"]);
  checkToken(token);
  const opening = { config, onIncident: (message: string) => onError?.(new Error(message)), predictUrl };
  const models = new ServedModels(
    Object.entries(named(given)).map(([name, model]) => {
      const served = opened(model, opening);
      modelOf(model).onClose(served.close);
      return [name, served];
    }),
  );
  const { fetch } = createApp({ models, assets: new Map(), ready: () => true }, {
    allowedHosts: "any",
    anyOrigin: true,
    token,
    ...onError && { onError },
  });
  return new Hono().all("*", (context) => fetch(withoutBase(context.req.raw, basePath(context))));
}

/** Returns the models by their names. Throws an InputError for another name, or too many models. */
function named(models: Model | Models): Models {
  if (!isRecord(models) || models instanceof OpenModel) return { [DEFAULT_NAME]: modelOf(models) };
  // A model of another copy of this library.
  if ("predictMany" in models) return { [DEFAULT_NAME]: modelOf(models) };
  const names = Object.keys(models);
  if (names.length === 0 || names.length > MOST_MODELS) {
    throw inputError("models", `models has ${names.length} models: expected 1 to ${MOST_MODELS}`);
  }
  for (const name of names) {
    modelOf(models[name]);
    if (MODEL_NAME.test(name)) continue;
    const message = `models has the name ${describe(name)}: expected up to 64 letters, digits, - . and _`;
    throw inputError("models", message);
  }
  return models;
}

/** Throws an InputError for another option than `keys`: one without effect may be meant as a protection. */
function configOf(given: object, keys: readonly string[], more: readonly string[]): Config {
  const expected = [...more, ...keys].join(", ");
  const values = givenValues(
    given,
    (key) => keys.includes(key) ? undefined : `${key} is no option here: expected ${expected}`,
  );
  return resolveConfig(undefined, [{ values, nameOf: (key) => key }]);
}

function checkToken(token: string | undefined): void {
  const problem = token === undefined ? undefined : tokenProblem(token);
  if (problem !== undefined) throw inputError("token", `token ${problem}`);
}

function modelOf(model: unknown): OpenModel {
  if (model instanceof OpenModel) return model;
  throw inputError("model", "model is no model of this library: expected one of load(), or of a run");
}

function opened(model: Model, opening: Omit<ServedRunOptions, "native">): OpenedModel {
  const { trained, origin } = modelOf(model);
  const { version } = trained;
  const predictor = openPredictor({ model: trained, newest: () => version, ...origin, ...opening });
  const alone = { predictor, digest: version.digest, bytes: bytesOf(version), close: () => predictor.close() };
  const { config } = opening;
  const served = withLabelling(alone, { config, directory: origin.directory, run: trained.config });
  if (!config.collect || served.labelling) return served;
  served.close();
  throw inputError("collect", "collect is true: expected models that load() has read from the folders of their runs");
}

/** Returns `request` with the path below `base`, and the scheme that the app of a server has. */
function withoutBase(request: Request, base: string): Request {
  const { host, pathname, search } = new URL(request.url);
  const path = base !== "/" && pathname.startsWith(base) ? pathname.slice(base.length) : pathname;
  const url = `http://${host}${path.startsWith("/") ? path : `/${path}`}${search}`;
  if (url === request.url) return request;
  // Not new Request(url, request), with which adapters that wrap requests fail on Bun.
  const { method, headers, body, signal } = request;
  const init = { method, headers, body, signal, duplex: "half" };
  return new Request(url, init);
}
