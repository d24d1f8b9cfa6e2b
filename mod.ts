/**
 * Lockstep as a library: train classifiers of texts and sequences, and predict with them.
 *
 * @example
 * ```ts
 * import { load, train } from "lockstep";
 *
 * await using run = await train({ data: "tickets.csv", epochs: 2, runsDir: "runs" });
 * const model = await load(run.directory);
 * console.log(await model.predict("where is my parcel?"));
 * ```
 *
 * @module
 */
import { crossValidateRows } from "./lib/api/cross_validate.ts";
import { loadModel } from "./lib/api/load.ts";
import { mountableApp, serveModels } from "./lib/api/serve.ts";
import { resumeRun, trainRows } from "./lib/api/train.ts";
import { tuneRows } from "./lib/api/tune.ts";
import type { CrossValidateOptions } from "./lib/api/types/labels.ts";
import type { LoadOptions, Model } from "./lib/api/types/model.ts";
import type { AppOptions, Models, ServeOptions, Server } from "./lib/api/types/service.ts";
import type { ResumeOptions, Run, TrainOptions } from "./lib/api/types/training.ts";
import type { TunedRun, TuneOptions } from "./lib/api/types/tuning.ts";
import type { CrossValidation } from "./lib/model/label_findings.ts";
import { threadUrls } from "./threads.ts";

export { DamagedFile, InputError, type Problem, TrainingError } from "./lib/base/errors.ts";
export type { Metrics, RowMetrics, RunEvent, SeveralMetrics, Summary } from "./lib/api/types/events.ts";
export type {
  EvaluateOptions,
  Evaluation,
  LoadOptions,
  Model,
  SaveOptions,
  TableOptions,
  TableSummary,
  TableTarget,
} from "./lib/api/types/model.ts";
export type { Input, Prediction, PredictOptions, Reasons } from "./lib/standalone/answer_types.ts";
export type { CrossValidateOptions } from "./lib/api/types/labels.ts";
export type { CrossValidation, RowFindings } from "./lib/model/label_findings.ts";
export type { ModelOptions, ProcessOptions, ServiceOptions } from "./lib/api/types/options.gen.ts";
export type { Row, Rows } from "./lib/api/types/rows.ts";
export type { AppOptions, Models, ServeOptions, Server } from "./lib/api/types/service.ts";
export { type ResumeOptions, type Run, TrainingStopped, type TrainOptions } from "./lib/api/types/training.ts";
export type { TunedRun, TuneOptions, TuneTrial } from "./lib/api/types/tuning.ts";

/**
 * Trains a run on rows of files or in memory, on all cores, and resolves when it is saved. The same options and rows give
 * the same digest as the command line, for any number of workers. Throws an InputError for options or rows that it cannot
 * use, a TrainingError if training cannot continue, and a TrainingStopped if `signal` aborts.
 *
 * @example
 * ```ts
 * import { train } from "lockstep";
 *
 * const data = [
 *   { text: "where is my parcel?", label: "shipping" },
 *   { text: "the parcel is late", label: "shipping" },
 *   { text: "I was charged twice", label: "billing" },
 *   { text: "please refund my card", label: "billing" },
 * ];
 * await using run = await train({ data, epochs: 2, validation: 0.5 });
 * console.log((await run.model.predict("my parcel")).label);
 * ```
 */
export function train(options: TrainOptions): Promise<Run> {
  return trainRows(options, threadUrls);
}

/**
 * Searches for a better config than the defaults for some minutes, as `lockstep tune` does, and trains the best one as
 * `train()` does, which gives the same digest with the same options. Throws as `train()` does; `signal` also ends the
 * search.
 *
 * @example
 * ```ts
 * import { tune } from "lockstep";
 *
 * await using run = await tune({ data: "tickets.csv", minutes: 0.1, epochs: 2, metric: "accuracy" });
 * console.log(run.config, run.summary.test?.accuracy);
 * ```
 */
export function tune(options: TuneOptions): Promise<TunedRun> {
  return tuneRows(options, threadUrls);
}

/**
 * Resumes a run that was stopped or killed, from its newest checkpoint, to exactly the weights of an uninterrupted run.
 * Resolves at once for a complete run, unless it gets more `epochs`. Throws as `train()` does, and an InputError if the rows are not those of the run.
 *
 * @example
 * ```ts
 * import { resume } from "lockstep";
 *
 * await using run = await resume("runs/latest");
 * console.log(run.summary.reason);
 * ```
 */
export function resume(source: string, options: ResumeOptions = {}): Promise<Run> {
  return resumeRun(source, options, threadUrls);
}

/**
 * Finds labels that are probably wrong, and how well models do on rows that they have not seen, as
 * `check --cross-validate` does. Throws an InputError for options or rows that it cannot use, and the reason of `signal`.
 *
 * @example
 * ```ts
 * import { crossValidate } from "lockstep";
 *
 * const { accuracy, spread, suspects } = await crossValidate({ data: "tickets.csv", folds: 5 });
 * console.log(`${accuracy} ± ${spread}`, suspects.examples[0]?.text);
 * ```
 */
export function crossValidate(options: CrossValidateOptions): Promise<CrossValidation> {
  return crossValidateRows(options, threadUrls.foldsUrl);
}

/**
 * Loads a model: of a run, by its directory, its id or `latest`; from a file `model.lockstep`, by its path, its folder or its
 * URL; or from the folder of an export to js or tfjs. Throws an InputError if there is none, and a DamagedFile if it cannot be read.
 *
 * @example
 * ```ts
 * import { load } from "lockstep";
 *
 * const model = await load("runs/latest");
 * console.log(await model.predictMany(["where is my parcel?", "I was charged twice"], { top: 3 }));
 * ```
 */
export function load(source: string | URL, options: LoadOptions = {}): Promise<Model> {
  return loadModel(source, options);
}

/**
 * Serves a model, or several by their names, over HTTP: predictions (its own routes, and those of the Open Inference Protocol), health, metrics and their
 * documentation, as the command `serve` does without the dashboard. Listens on loopback, on port 8000 or `port`. Throws an
 * InputError if it cannot listen, or if clients on other machines would need no token.
 *
 * @example
 * ```ts
 * import { load, serve } from "lockstep";
 *
 * await using server = await serve(await load("runs/latest"), { port: 0 });
 * const body = JSON.stringify({ text: "where is my parcel?" });
 * console.log(await (await fetch(`${server.url}/predict`, { method: "POST", body })).json());
 * ```
 */
export function serve(models: Model | Models, options: ServeOptions = {}): Promise<Server> {
  return serveModels(models, options, threadUrls);
}

/**
 * Returns a Hono app with the routes of `serve()`, to mount in one's own, with the same checks of bodies. It checks no host
 * and no origin, and lets every client in unless there is a `token`: the app around it decides who may ask. It predicts in a
 * thread for each model, which ends when the model is disposed.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { createApp, load } from "lockstep";
 *
 * await using model = await load("runs/latest");
 * const app = new Hono().route("/tickets", createApp(model));
 * const body = JSON.stringify({ text: "where is my parcel?" });
 * console.log(await (await app.request("/tickets/predict", { method: "POST", body })).json());
 * ```
 */
// This form of Hono's type is the one that deno doc does not describe with all types of Hono.
export function createApp(
  models: Model | Models,
  options: AppOptions = {},
): InstanceType<(typeof import("hono"))["Hono"]> {
  return mountableApp(models, options, threadUrls.predictUrl);
}
