/** Requests to the server that sent this page. */
import type { ModelInfo, Prediction } from "../lib/predict/types.ts";
import type { DataStatistics } from "../lib/data/statistics.ts";
import type { Evaluations } from "../lib/model/evaluation.ts";
import type { RunDetail } from "../lib/run/types.ts";

export interface Answered extends Prediction {
  readonly run: string;
  readonly round: number;
  readonly digest: string;
  /** Of a text: the share of its tokens that the model does not know, and whether it was cut. */
  readonly unknownShare?: number;
  readonly truncated?: boolean;
}

/** The server said no: its own words, one line a problem, and what they are about. */
export class Refusal extends Error {
  readonly fields: readonly string[];

  constructor(message: string, fields: readonly string[] = []) {
    super(message);
    this.fields = fields;
  }
}

/** A request that gets no answer is given up: the page must not wait for a server that hangs. */
const ANSWER_MS = 15_000;

export interface RunList {
  /** The run that the server trains or serves. */
  readonly current: string;
  /** Whether it takes more runs, and removes those that are done with. */
  readonly trains: boolean;
  /** Newest first. */
  readonly runs: readonly RunDetail[];
  /** What `after` has to be for more, if there are more. */
  readonly next: string | null;
}

export interface RunsWanted {
  readonly limit: number;
  /** Without one, or with "": all. */
  readonly state?: string;
  readonly text?: string;
  readonly after?: string | undefined;
}

export function runList(wanted: RunsWanted): Promise<RunList> {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined && value !== "");
  return request<RunList>(`runs?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`);
}

/** The run that the server trains or serves. */
export async function currentRun(): Promise<RunDetail | undefined> {
  const { current, runs } = await runList({ limit: 1 });
  // Newer ones may wait for their turn.
  return runs.find(({ id }) => id === current) ?? (current === "" ? undefined : await runDetail(current));
}

export function runDetail(run: string): Promise<RunDetail> {
  return request<RunDetail>(`runs/${encodeURIComponent(run)}`);
}

/** Asks for a run of these config values. */
export function startRun(values: Readonly<Record<string, unknown>>): Promise<RunDetail> {
  return request<RunDetail>("runs", jsonPost(values));
}

export function removeRun(run: string): Promise<void> {
  return request<void>(`runs/${encodeURIComponent(run)}`, { method: "DELETE" });
}

/** The names that `preset` may have in `startRun`, as the server's own document of its routes has them. */
export async function presetNames(): Promise<readonly string[]> {
  const document = await request<{
    components: { schemas: { RunRequest: { properties: { preset: { enum: readonly string[] } } } } };
  }>("openapi.json");
  return document.components.schemas.RunRequest.properties.preset.enum;
}

/** What the files held that the run was trained on. */
export function runData(run: string): Promise<DataStatistics> {
  return request<DataStatistics>(`runs/${encodeURIComponent(run)}/data`);
}

/** How the run's model does on rows that were kept from training. */
export function runJudgement(run: string): Promise<Evaluations> {
  return request<Evaluations>(`runs/${encodeURIComponent(run)}/judgement`);
}

/** The server's figures, as OpenMetrics text. */
export async function metricsText(): Promise<string> {
  const response = await fetch("metrics", { signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.ok) return await response.text();
  throw refusal(response, undefined);
}

export function model(): Promise<ModelInfo> {
  return request<ModelInfo>("model");
}

/** Asks for a run that is training to pause, go on or stop. */
export async function act(run: string, action: "pause" | "resume" | "stop"): Promise<void> {
  await request<RunDetail>(`runs/${encodeURIComponent(run)}/${action}`, { method: "POST" });
}

/** Tokens that are no numbers are sent as they are: it is the server that says what is wrong with them. */
export function predict(question: { tokens: readonly (number | string)[] } | { text: string }): Promise<Answered> {
  return request<Answered>("predict", jsonPost(question));
}

function jsonPost(body: unknown): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** The page and the server come from the same process: answers are what their types say, and are not parsed again. */
async function request<Body>(path: string, init: RequestInit = {}): Promise<Body> {
  const response = await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  // Of an answer without a body nobody wants one.
  if (response.ok) return response.status === 204 ? undefined as Body : await response.json();
  throw refusal(response, await response.json().catch(() => undefined));
}

function refusal(response: Response, problem: unknown): Refusal {
  const status = `The server answered ${response.status} ${response.statusText}`.trim();
  if (!isRecord(problem)) return new Refusal(status);
  const errors: unknown[] = Array.isArray(problem["errors"]) ? problem["errors"] : [];
  // The detail is the first problem and how many there are more: each is said once.
  const fields = errors.map((error) => String(isRecord(error) ? error["field"] : ""));
  if (errors.length > 1) {
    return new Refusal(errors.map((error) => isRecord(error) ? error["message"] : error).join("\n"), fields);
  }
  return new Refusal(String(problem["detail"] ?? problem["title"] ?? status), fields);
}

/** What went wrong, for the page to say. */
export function messageOf(error: unknown): string {
  return error instanceof Refusal ? error.message : "The server does not answer";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
