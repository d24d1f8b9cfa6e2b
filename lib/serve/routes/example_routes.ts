/**
 * Takes labelled rows, and names the inputs that the model was least sure of: `POST /examples` and `GET /uncertain`. A client
 * with the token of people who label may use these routes, and `GET /model`, and no others.
 */
import { z } from "@hono/zod-openapi";
import { isRecord } from "../../base/record.ts";
import { counted } from "../../base/counted.ts";
import { describe, shortened } from "../../base/printable.ts";
import { InputError, inputError, Problems } from "../../base/errors.ts";
import { whoSchema } from "../../config/notes_shape.ts";
import { labelForm } from "../../base/normal_form.ts";
import type { Input } from "../../predict/types.ts";
import type { NewExample } from "../../run/examples/example_file.ts";
import type { Refused } from "../../run/examples/example_journal.ts";
import { bodyOf, readJsonBody } from "../pipeline/body.ts";
import { problemAnswer, problemResponse, Refusal } from "../pipeline/problem.ts";
import { jsonAnswer, type Routes } from "../pipeline/routes.ts";
import type { Labelling } from "../../run/examples/labelling.ts";
import type { PredictionServices } from "../services.ts";

/** Limits the examples of a request, the labels of one, and the characters of a label. */
const MOST_EXAMPLES = 1024;
const MOST_LABELS = 256;
const MOST_IN_LABEL = 200;
const DEFAULT_LISTED = 20;
const MOST_LISTED = 1000;

const rowSchema = z.record(z.string(), z.unknown());
const exampleSchema = z.looseObject({
  example: z.object({ id: z.int(), at: z.string(), who: z.string().optional() }),
}).openapi("Example");
const requestSchema = z.union([
  z.looseObject({ text: z.string(), label: z.unknown(), who: z.string().optional() }),
  z.object({ examples: z.array(rowSchema), who: z.string().optional() }),
]).openapi("ExamplesRequest");
const addedSchema = z.object({
  ids: z.array(z.int()),
  newLabels: z.array(z.string()).openapi({ description: "Labels that the model does not know yet" }),
}).openapi("ExamplesAdded");
const overviewSchema = z.object({
  count: z.int(),
  labels: z.array(z.object({ label: z.string(), count: z.int() })),
  newest: z.array(exampleSchema),
}).openapi("Examples");
const uncertainSchema = z.object({
  inputs: z.array(z.object({
    row: rowSchema,
    label: z.string().nullable(),
    probabilities: z.array(z.object({ label: z.string(), probability: z.number() })),
    digest: z.string(),
    margin: z.number(),
  })),
  kept: z.int(),
}).openapi("Uncertain");

const countSchema = z.string().regex(/^[1-9]\d{0,3}$/).transform(Number).pipe(z.int().max(MOST_LISTED));

/** Adds the routes; without `labelling` they say how to allow them. */
export function exampleRoutes(
  routes: Routes,
  { predictor, labelling }: PredictionServices,
  bodyLimitBytes: number,
): void {
  const { reader, shape } = predictor;
  const access = { forLabelling: true };
  const allowed = (): Labelling => {
    if (labelling) return labelling;
    const message = "this server takes no examples: set `collect`, for a run trained on files";
    throw new Refusal(409, { field: "collect", message });
  };

  routes.add({
    method: "post",
    path: "/examples",
    summary: "Add labelled rows to the examples of the run, on the disk before the answer",
    request: { body: { required: true, content: { "application/json": { schema: requestSchema } } } },
    responses: {
      201: jsonAnswer("The ids of the examples, in order", addedSchema),
      400: problemAnswer("A row or a label is invalid: none was added"),
      409: problemAnswer("The server takes no examples, or another process does"),
      413: problemAnswer("The body is too large"),
      415: problemAnswer("The Content-Type is not JSON"),
      503: problemAnswer("There is no room for more examples"),
    },
  }, async (c) => {
    const { examples, uncertain } = allowed();
    const body = await readJsonBody(c, bodyLimitBytes, bodyOf(reader));
    const added = readExamples(body);
    const ids = await examples.add(added);
    if (typeof ids === "string") return refusal(ids);
    for (const { row } of added) uncertain?.forget(withoutLabel(row));
    const known = new Set(shape.labels);
    const newLabels = [...new Set(added.flatMap(({ labels }) => labels))].filter((label) => !known.has(label));
    return c.json({ ids, newLabels }, 201);
  }, access);

  routes.add({
    method: "get",
    path: "/examples",
    summary: "Number of examples, by label, and the newest ones",
    responses: {
      200: jsonAnswer("The examples", overviewSchema),
      409: problemAnswer("The server takes no examples, or another process does"),
    },
  }, async (c) => {
    const overview = await allowed().examples.overview();
    return typeof overview === "string" ? refusal(overview) : c.json(overview);
  }, access);

  routes.add({
    method: "delete",
    path: "/examples/{id}",
    summary: "Remove an example",
    request: { params: z.object({ id: z.string().regex(/^\d{1,15}$/) }) },
    responses: {
      204: { description: "The example is removed" },
      404: problemAnswer("There is no such example"),
      409: problemAnswer("The server takes no examples, or another process does"),
    },
  }, async (c) => {
    const { examples } = allowed();
    const id = c.req.param("id") ?? "";
    const removed = /^\d{1,15}$/.test(id) && await examples.remove(Number(id));
    if (typeof removed === "string") return refusal(removed);
    if (removed) return c.body(null, 204);
    throw new Refusal(404, { field: "id", message: `No example ${describe(id)}: GET /examples lists the newest` });
  }, access);

  routes.add({
    method: "get",
    path: "/uncertain",
    summary: "Inputs that the model was least sure of since the server started, the least sure first",
    request: { query: z.object({ limit: countSchema.optional() }) },
    responses: {
      200: jsonAnswer("The inputs, with the answers that they got. `kept` counts all of them", uncertainSchema),
      400: problemAnswer("The limit is invalid"),
      409: problemAnswer("The server keeps no inputs"),
    },
  }, (c) => {
    const uncertain = keeping(allowed());
    const limit = c.env.target.query().get("limit") ?? String(DEFAULT_LISTED);
    const parsed = countSchema.safeParse(limit);
    if (parsed.success) return c.json({ inputs: uncertain.list(parsed.data), kept: uncertain.size });
    throw inputError("limit", `limit is ${describe(limit)}: expected a whole number from 1 to ${MOST_LISTED}`);
  }, access);

  routes.add({
    method: "delete",
    path: "/uncertain",
    summary: "Forget the inputs that the model was unsure of",
    responses: { 204: { description: "They are forgotten" }, 409: problemAnswer("The server keeps no inputs") },
  }, (c) => {
    keeping(allowed()).clear();
    return c.body(null, 204);
  });

  /** Reads the body. Throws an InputError with all its errors. */
  function readExamples(body: unknown): NewExample[] {
    if (!isRecord(body)) {
      const form = '{"text": "…", "label": "…"} or {"examples": [...]}';
      throw inputError("body", `the body is ${describe(body)}: expected ${form}`);
    }
    const { who, ...rest } = body;
    const name = who === undefined ? undefined : whoSchema.safeParse(who);
    if (name && !name.success) {
      throw inputError("who", `who is ${describe(who)}: expected one line of at most 100 characters`);
    }
    const isList = Array.isArray(rest.examples) && Object.keys(rest).length === 1;
    const list: readonly unknown[] = isList ? rest.examples as unknown[] : [rest];
    if (list.length === 0 || list.length > MOST_EXAMPLES) {
      throw inputError("examples", `examples has ${counted(list.length, "row")}: expected 1 to ${MOST_EXAMPLES}`);
    }
    const problems = new Problems();
    const examples = list.map((one, at) => {
      try {
        return { ...readExample(one, isList ? `examples[${at}]` : ""), who: name?.data };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        problems.addAll(error);
        return { row: {}, labels: [], who: undefined };
      }
    });
    problems.check();
    return examples;
  }

  function readExample(value: unknown, field: string): Omit<NewExample, "who"> {
    const nameOf = (key: string) => field === "" ? key : `${field}.${key}`;
    if (!isRecord(value)) {
      throw inputError(field, `${field} is ${describe(value)}: expected an object with a row and its label`);
    }
    const { label, ...row } = value;
    const labels = readLabels(label, nameOf("label"));
    const { textColumn, labelColumn } = allowed();
    const named = shape.several ? labels : labels[0]!;
    return { row: { ...readRow(row, field, nameOf, textColumn), [labelColumn]: named }, labels };
  }

  /** Reads a row as `POST /predict` does, and names its keys as the files of the run do. */
  function readRow(
    row: Readonly<Record<string, unknown>>,
    field: string,
    nameOf: (key: string) => string,
    textColumn: string,
  ): Record<string, unknown> {
    if (reader.columns) return asRow(reader.readFields(row, field), textColumn);
    const keys = Object.keys(row);
    const wrong = keys.find((key) => key !== "text" && key !== "tokens");
    const form = '{"text": "…", "label": "…"}';
    if (wrong !== undefined) {
      const name = shortened(nameOf(wrong));
      throw inputError(name, `${name} is not known: expected ${form}`);
    }
    if (keys.length !== 1) {
      const name = field || "the body";
      throw inputError(
        field || "body",
        `${name} has ${keys.length === 0 ? "no text" : "both text and tokens"}: expected ${form}`,
      );
    }
    if ("text" in row) return asRow(reader.readText(row.text, nameOf("text")), textColumn);
    reader.readTokens(row.tokens, nameOf("tokens"));
    // The reader may cut them; numbers keep their digits.
    return { tokens: (row.tokens as unknown[]).map(String) };
  }

  function asRow(input: Input, textColumn: string): Record<string, unknown> {
    if (typeof input === "string") return { [textColumn]: input };
    if (!("fields" in input)) return { tokens: input };
    return Object.fromEntries(input.fields.map((value, at) => [reader.columns![at]!.name, value]));
  }

  /** Undoes what `readExample` added, for the inputs that were unsure. */
  function withoutLabel(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const { textColumn, labelColumn } = allowed();
    const { [labelColumn]: _, ...input } = row;
    return reader.columns || !Object.hasOwn(input, textColumn) ? input : { text: input[textColumn] };
  }

  function readLabels(value: unknown, field: string): string[] {
    const list = shape.several && Array.isArray(value) ? value : [value];
    if (list.length > MOST_LABELS) {
      throw inputError(field, `${field} has ${counted(list.length, "label")}: expected at most ${MOST_LABELS}`);
    }
    const labels = list.map((one) => readLabel(one, field));
    return [...new Set(labels)];
  }
}

/** Reads a label by the same rules as that of a file. */
function readLabel(value: unknown, field: string): string {
  const isLabel = ["string", "number", "boolean"].includes(typeof value);
  const label = isLabel ? labelForm(String(value)) : "";
  if (label !== "" && label.length <= MOST_IN_LABEL && !label.includes("\0")) return label;
  throw inputError(
    field,
    `${field} is ${
      describe(value)
    }: expected a label of 1 to ${MOST_IN_LABEL} characters, or a list of labels where a row ` +
      "may have several",
  );
}

function keeping({ uncertain }: Labelling): NonNullable<Labelling["uncertain"]> {
  if (uncertain) return uncertain;
  throw new Refusal(409, {
    field: "keepUncertain",
    message: "this server keeps no inputs: set `keepUncertain`",
  });
}

function refusal(why: Refused): Response {
  const messages = {
    busy: "another process takes examples for this run: send them to it",
    kept: "this process may not write to the directory of the run",
    full: "there is no room for more examples: train on them, and move examples.jsonl away",
  };
  const status = why === "full" ? 503 : 409;
  const headers = why === "full" ? { "Retry-After": "60" } : {};
  return problemResponse(status, [{ field: "examples", message: messages[why] }], headers);
}
