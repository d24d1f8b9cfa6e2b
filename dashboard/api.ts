/** Requests to the server that sent this page. */
import type { Answer, ModelInfo, Prediction } from "../lib/predict/types.ts";
import type { Property } from "../lib/report/run_form.ts";
import type { RunDetail } from "../lib/run/types.ts";
import type { RunList } from "../lib/serve/routes/run_routes.ts";
import { bodyOf, type Question } from "./state/question.ts";

/** Answers to questions, in their order, all by the same weights. */
export type Answers = Pick<Answer, "run" | "round" | "digest" | "predictions">;

/** A value at fault, and the server's words about it. */
export type Fault = Readonly<{ field: string; message: string }>;

/** The server refused a request. The message has its own words, one line per fault. */
export class Refusal extends Error {
  readonly faults: readonly Fault[];
  readonly status: number;

  constructor(message: string, faults: readonly Fault[], status: number) {
    super(message);
    this.faults = faults;
    this.status = status;
  }
}

/** Lists runs; `query` may have a state and a text that are "". */
export function runList(query: Readonly<Record<string, string | number>>): Promise<RunList> {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  return request(`runs?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`);
}

/** Returns the run that the server trains or serves; undefined without one. */
export async function currentRun(): Promise<RunDetail | undefined> {
  const { current, runs } = await runList({ limit: 1 });
  // Newer runs may be in the queue.
  return runs.find(({ id }) => id === current) ?? (current === "" ? undefined : await runDetail(current));
}

/** Returns the address of a run, or of a part of it. */
export function pathOf(run: string, part = ""): string {
  return `runs/${encodeURIComponent(run)}${part && `/${part}`}`;
}

export function runDetail(run: string): Promise<RunDetail> {
  return request(pathOf(run));
}

export type Properties = Readonly<Record<string, Property>>;

/** Returns the schema of the values of a new run, by name, read from the server's OpenAPI document. */
export async function runProperties(): Promise<Properties> {
  type Schemas = { components: { schemas: { RunRequest: { properties: Properties } } } };
  return (await request<Schemas>("openapi.json")).components.schemas.RunRequest.properties;
}

/** A model that answers; `name` if the server answers with others without one. */
export interface Answering extends ModelInfo {
  readonly name?: string;
  /** Present if it takes examples; `uncertain` says whether it lists the inputs that it was unsure of. */
  readonly collects?: { readonly uncertain: boolean };
}

/** Returns the address of a part of a model, such as `predict`. */
export function modelPath({ name }: Pick<Answering, "name">, part: string): string {
  return name === undefined ? part : `models/${encodeURIComponent(name)}/${part}`;
}

/** Predicts labels at `path`. Tokens that are not numbers are sent unchanged: the server says what is wrong with them. */
export async function predict(questions: readonly Question[], explain = false, path = "predict"): Promise<Answers> {
  const body = { ...bodyOf(questions), ...explain && { explain } };
  const answer = await request<Answers | Omit<Answers, "predictions"> & Prediction>(path, "POST", body);
  return "predictions" in answer ? answer : { ...answer, predictions: [answer] };
}

/** A problem as the server describes it. */
type Problem = Readonly<{ title?: string; detail?: string; errors?: readonly Fault[] }>;

/** Aborts a request after this time, so that the page does not wait for a server that hangs. */
const ANSWER_MS = 15_000;

/** Returns the body of an answer. It is not validated, since the page and the server come from the same process. */
export async function request<Body>(path: string, method = "GET", body?: unknown): Promise<Body> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const sent = body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch(path, { method, signal, ...sent });
  // An answer 204 has no body.
  if (response.ok) return response.status === 204 ? undefined as Body : await response.json();
  const { status, statusText } = response;
  const problem: Problem = await response.json().catch(() => undefined) ?? {};
  const { title = `The server answered ${status} ${statusText}`.trim(), detail = title, errors = [] } = problem;
  // `detail` has only the first problem and the number of the others.
  throw new Refusal(errors.length > 0 ? errors.map(({ message }) => message).join("\n") : detail, errors, status);
}

/** Returns the message of an error for the page to show. */
export function messageOf(error: unknown): string {
  return error instanceof Refusal ? error.message : "The server does not answer";
}
