/** Requests to the server that sent this page. */
import type { Answer, ModelInfo, Prediction } from "../lib/predict/types.ts";
import type { DataStatistics } from "../lib/data/statistics.ts";
import type { Evaluations } from "../lib/model/evaluation.ts";
import type { RunDetail } from "../lib/run/types.ts";
import type { Property } from "../lib/report/run_form.ts";

/** A model predicts the label of a text, or of tokens. */
export type Question = { readonly text: string } | { readonly tokens: readonly (number | string)[] };

/** Answers to questions, in their order, all by the same weights. */
export type Answers = Pick<Answer, "run" | "round" | "digest" | "predictions">;

/** The server refused a request. The message has its own words, one line per problem; `fields` names the values at fault. */
export class Refusal extends Error {
  readonly fields: readonly string[];
  /** The status of the answer; 0 if the page itself refuses. */
  readonly status: number;

  constructor(message: string, fields: readonly string[] = [], status = 0) {
    super(message);
    this.fields = fields;
    this.status = status;
  }
}

/** Aborts a request after this time, so that the page does not wait for a server that hangs. */
const ANSWER_MS = 15_000;

export interface RunList {
  /** The run that the server trains or serves. */
  readonly current: string;
  /** True if the server accepts new runs and removes old ones. */
  readonly trains: boolean;
  /** Newest first. */
  readonly runs: readonly RunDetail[];
  /** The `after` of the next page; null on the last one. */
  readonly next: string | null;
}

interface RunQuery {
  readonly limit: number;
  /** Runs of all states if undefined or "". */
  readonly state?: string;
  readonly text?: string;
  readonly after?: string | undefined;
}

export function runList(query: RunQuery): Promise<RunList> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  return request<RunList>(`runs?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`);
}

/** Returns the run that the server trains or serves; undefined without one. */
export async function currentRun(): Promise<RunDetail | undefined> {
  const { current, runs } = await runList({ limit: 1 });
  // Newer runs may be in the queue.
  return runs.find(({ id }) => id === current) ?? (current === "" ? undefined : await runDetail(current));
}

export function runDetail(run: string): Promise<RunDetail> {
  return request<RunDetail>(`runs/${encodeURIComponent(run)}`);
}

/** Starts a run with these config values, or puts it into the queue. */
export function startRun(values: Readonly<Record<string, unknown>>): Promise<RunDetail> {
  return request<RunDetail>("runs", jsonPost(values));
}

export function removeRun(run: string): Promise<void> {
  return request<void>(`runs/${encodeURIComponent(run)}`, { method: "DELETE" });
}

/** Returns the schema of the values that `startRun` accepts, by name, read from the server's OpenAPI document. */
export async function runProperties(): Promise<Readonly<Record<string, Property>>> {
  const document = await request<{
    components: { schemas: { RunRequest: { properties: Readonly<Record<string, Property>> } } };
  }>("openapi.json");
  return document.components.schemas.RunRequest.properties;
}

/** Returns the statistics of the files that the run was trained on. */
export function runData(run: string): Promise<DataStatistics> {
  return request<DataStatistics>(`runs/${encodeURIComponent(run)}/data`);
}

/** Returns the evaluation of the run's model on its validation and test rows. */
export function runEvaluation(run: string): Promise<Evaluations> {
  return request<Evaluations>(`runs/${encodeURIComponent(run)}/judgement`);
}

/** Returns the server's metrics as OpenMetrics text. */
export async function metricsText(): Promise<string> {
  const response = await fetch("metrics", { signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.ok) return await response.text();
  throw refusal(response, undefined);
}

export function model(): Promise<ModelInfo> {
  return request<ModelInfo>("model");
}

/** Pauses, resumes or stops a run that is training. */
export async function act(run: string, action: "pause" | "resume" | "stop"): Promise<void> {
  await request<RunDetail>(`runs/${encodeURIComponent(run)}/${action}`, { method: "POST" });
}

/** Predicts labels. Tokens that are not numbers are sent unchanged: the server says what is wrong with them. */
export async function predict(questions: readonly Question[]): Promise<Answers> {
  const [only] = questions;
  if (questions.length > 1) return await request<Answers>("predict", jsonPost({ instances: questions }));
  const { run, round, digest, ...prediction } = await request<Omit<Answers, "predictions"> & Prediction>(
    "predict",
    jsonPost(only),
  );
  return { run, round, digest, predictions: [prediction] };
}

function jsonPost(body: unknown): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** Returns the body of an answer. It is not validated, since the page and the server come from the same process. */
async function request<Body>(path: string, init: RequestInit = {}): Promise<Body> {
  const response = await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  // An answer 204 has no body.
  if (response.ok) return response.status === 204 ? undefined as Body : await response.json();
  throw refusal(response, await response.json().catch(() => undefined));
}

function refusal(response: Response, problem: unknown): Refusal {
  const { status, statusText } = response;
  const answered = `The server answered ${status} ${statusText}`.trim();
  if (!isRecord(problem)) return new Refusal(answered, [], status);
  const errors: unknown[] = Array.isArray(problem["errors"]) ? problem["errors"] : [];
  // `detail` has only the first problem and the number of the others, so all messages are joined instead.
  const fields = errors.map((error) => String(isRecord(error) ? error["field"] : ""));
  if (errors.length > 1) {
    return new Refusal(errors.map((error) => isRecord(error) ? error["message"] : error).join("\n"), fields, status);
  }
  return new Refusal(String(problem["detail"] ?? problem["title"] ?? answered), fields, status);
}

/** Returns the message of an error for the page to show. */
export function messageOf(error: unknown): string {
  return error instanceof Refusal ? error.message : "The server does not answer";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
