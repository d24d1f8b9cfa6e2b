/**
 * Predicts with a model that Lockstep trained, and does nothing else: without dependencies, in Node, Deno, Bun, browsers and
 * workers.
 *
 * @example
 * ```ts
 * import { load } from "lockstep/predict";
 *
 * const model = await load("./model.lockstep");
 * model.predict("where is my parcel?"); // { class: 4, label: "shipping", probability: 0.987…, … }
 * ```
 *
 * @module
 */
export { load, type LoadOptions } from "./lib/standalone/load.ts";
export type { Input, Prediction, PredictOptions, Reasons } from "./lib/standalone/answer_types.ts";
export { Model } from "./lib/standalone/model.ts";
export { InputError, type Problem } from "./lib/base/errors.ts";
