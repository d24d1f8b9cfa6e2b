/** Serves a model over HTTP: on a port of its own, or as a part of the caller's app. */
import { Hono } from "hono";
import { basePath } from "hono/route";
import { inputError } from "../base/errors.ts";
import { resolveConfig } from "../config/resolve.ts";
import { type Config, serviceShape } from "../config/schema.ts";
import type { ThreadPredictor } from "../predict/predictor.ts";
import { openPredictor } from "../run/open_predictor.ts";
import { createApp } from "../serve/app.ts";
import { tokenProblem } from "../serve/pipeline/access.ts";
import { allowedHostsFor } from "../serve/pipeline/gate.ts";
import { openService } from "../serve/service.ts";
import { givenValues } from "./given_values.ts";
import { OpenModel } from "./model.ts";
import type { Model } from "./types/model.ts";
import type { AppOptions, ServeOptions, Server } from "./types/service.ts";

/** The options of an app, and those of a server: a program passes the token itself, and has its own log. */
const OF_APP = ["batchMax", "batchDelayMs", "queueMax", "predictTimeout"];
const OF_SERVER = Object.keys(serviceShape).filter((key) => key !== "tokenFile" && key !== "accessLog");

/** Serves `model` on a port. */
export async function serveModel(model: Model, options: ServeOptions, predictUrl: URL): Promise<Server> {
  const { token, onError, ...given } = options;
  const config = configOf(given, OF_SERVER);
  checkToken(token);
  if (token === undefined && allowedHostsFor(config.host) === "any") {
    const message =
      `host is ${config.host}, which other machines can reach: expected a \`token\` that clients must send`;
    throw inputError("host", message);
  }
  const predictor = predictorOf(model, config, onError, predictUrl);
  const note = (line: string) => onError?.(new Error(line));
  try {
    const service = await openService({ config, token, assets: new Map(), note, ...onError && { onError } });
    service.serve({ predictor });
    // Its thread starts now, before the first request; answers report its failure.
    predictor.model().catch(() => {});
    const close = async () => {
      await service.close();
      predictor.close();
    };
    return { url: service.url, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    predictor.close();
    throw error;
  }
}

/** Returns the app of `model` to mount in another one, which checks hosts and origins itself. */
export function mountableApp(model: Model, options: AppOptions, predictUrl: URL): Hono {
  const { token, onError, ...given } = options;
  const config = configOf(given, OF_APP);
  checkToken(token);
  const predictor = predictorOf(model, config, onError, predictUrl);
  modelOf(model).onClose(() => predictor.close());
  const { fetch } = createApp({ predictor, assets: new Map(), ready: () => true }, {
    allowedHosts: "any",
    anyOrigin: true,
    token,
    ...onError && { onError },
  });
  return new Hono().all("*", (context) => fetch(withoutBase(context.req.raw, basePath(context))));
}

/** Throws an InputError for another option than `keys`: one without effect may be meant as a protection. */
function configOf(given: object, keys: readonly string[]): Config {
  const expected = ["token", "onError", ...keys].join(", ");
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

function modelOf(model: Model): OpenModel {
  if (model instanceof OpenModel) return model;
  throw inputError("model", "model is no model of this library: expected one of load(), or of a run");
}

function predictorOf(
  model: Model,
  config: Config,
  onError: ServeOptions["onError"],
  predictUrl: URL,
): ThreadPredictor {
  const { trained, origin: { directory, native } } = modelOf(model);
  return openPredictor({
    model: trained,
    newest: () => trained.version,
    directory,
    predictUrl,
    native,
    config,
    onIncident: (message) => onError?.(new Error(message)),
  });
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
