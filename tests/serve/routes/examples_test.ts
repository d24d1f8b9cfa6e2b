import { assertEquals, assertStringIncludes } from "@std/assert";
import { ExampleJournal } from "../../../lib/run/examples/example_journal.ts";
import type { Examples, Labelling, Refused } from "../../../lib/predict/labelling.ts";
import { observed, UncertainInputs } from "../../../lib/predict/uncertain.ts";
import type { Predictor } from "../../../lib/predict/types.ts";
import type { App, AppOptions } from "../../../lib/serve/pipeline/shell.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import {
  fakeApp,
  fakeLabelling,
  fakePredictor,
  modelInfo,
  predictorOf,
  preprocessing,
  textPredictor,
} from "../fakes.ts";
import type { ProblemBody } from "../http/reading.ts";

const send = (app: App, method: string, path: string, body?: unknown, headers: HeadersInit = {}) =>
  Promise.resolve(app.request(path, { method, headers, ...body !== undefined && { body: JSON.stringify(body) } }));

async function messageOf(response: Response): Promise<string> {
  const { errors }: ProblemBody = await response.json();
  return errors.map(({ message }) => message).join("; ");
}

/** Calls `use` with an app that takes examples, and with a function that reads the rows in their file. */
function collecting(
  use: (app: App, rows: () => Promise<Record<string, unknown>[]>, labelling: Labelling) => Promise<void>,
  { predictor = textPredictor(), options = {}, columns = ["text", "label"] }: {
    predictor?: Predictor;
    options?: AppOptions;
    columns?: readonly [textColumn: string, labelColumn: string] | string[];
  } = {},
): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const [textColumn = "text", labelColumn = "label"] = columns;
    const examples = new ExampleJournal(directory, labelColumn);
    const uncertain = new UncertainInputs({
      most: 3,
      labels: predictor.shape.labels,
      columns: predictor.reader.columns,
    });
    const labelling = { examples, uncertain, textColumn, labelColumn };
    const services = { predictor: observed(predictor, uncertain), labelling };
    const { app } = fakeApp({ ...options, services });
    const rows = async () => {
      const text = await Deno.readTextFile(`${directory}/examples.jsonl`).catch(() => "");
      return text.split("\n").filter((line) => line !== "").map((line) => {
        const { example: { who }, ...row } = JSON.parse(line);
        return who === undefined ? row : { ...row, who };
      });
    };
    try {
      await use(app, rows, labelling);
    } finally {
      await examples.close();
    }
  });
}

Deno.test("POST /examples writes a row, or many, and names labels that are new to the model", () =>
  collecting(async (app, rows) => {
    const one = await send(app, "POST", "/examples", { text: "refund please", label: "odd", who: "ann" });
    assertEquals([one.status, await one.json()], [201, { ids: [1], newLabels: [] }]);
    const many = await send(app, "POST", "/examples", {
      examples: [{ text: "it crashes", label: " crash " }, { tokens: ["a", 7, 1.5], label: 3 }],
    });
    assertEquals([many.status, await many.json()], [201, { ids: [2, 3], newLabels: ["crash", "3"] }]);
    assertEquals(await rows(), [
      { text: "refund please", label: "odd", who: "ann" },
      { text: "it crashes", label: "crash" },
      { tokens: ["a", "7", "1.5"], label: "3" },
    ]);
  }));

Deno.test("POST /examples keeps the digits of numbers among tokens", () =>
  collecting(async (app, rows) => {
    const response = await app.request("/examples", {
      method: "POST",
      body: '{"tokens": [1.0, 9007199254740993], "label": "odd"}',
    });
    assertEquals(response.status, 201);
    assertEquals(await rows(), [{ tokens: ["1.0", "9007199254740993"], label: "odd" }]);
  }, { predictor: textPredictor({ ...preprocessing, rules: 2 }) }));

Deno.test("POST /examples uses the names of the run's own columns", () =>
  collecting(async (app, rows) => {
    const response = await send(app, "POST", "/examples", { text: "refund", label: "odd" });
    assertEquals(response.status, 201);
    assertEquals(await rows(), [{ message: "refund", topic: "odd" }]);
  }, { columns: ["message", "topic"] }));

Deno.test("POST /examples takes the fields of several columns", () => {
  const columns = [{ name: "subject", kind: "text" as const }, { name: "amount", kind: "number" as const, edges: [1] }];
  return collecting(async (app, rows) => {
    assertEquals(
      (await send(app, "POST", "/examples", { subject: "refund", amount: 2.5, label: "odd" })).status,
      201,
    );
    const wrong = await send(app, "POST", "/examples", { subject: "refund", amount: "much", label: "odd" });
    assertEquals(wrong.status, 400);
    assertStringIncludes(await messageOf(wrong), 'amount is "much"');
    assertEquals(await rows(), [{ subject: "refund", amount: 2.5, label: "odd" }]);
  }, { predictor: textPredictor({ ...preprocessing, columns }) });
});

Deno.test("POST /examples takes a list of labels for a model of several", () => {
  const predictor = predictorOf(
    { ...modelInfo, text: true, several: true },
    () => ({ class: null, label: null, labels: [], probabilities: [0.5, 0.25] }),
    preprocessing,
  );
  return collecting(async (app, rows) => {
    for (const label of [["odd", "even", "odd"], [], "odd"]) {
      assertEquals((await send(app, "POST", "/examples", { text: "refund", label })).status, 201);
    }
    assertEquals((await rows()).map(({ label }) => label), [["odd", "even"], [], ["odd"]]);
  }, { predictor });
});

Deno.test("POST /examples refuses a wrong row with its place, and adds none of its request", () =>
  collecting(async (app, rows) => {
    const cases: [body: unknown, message: string][] = [
      [[], 'the body is []: expected {"text"'],
      [{ text: "x" }, "label is missing: expected a label"],
      [{ text: "x", label: "" }, 'label is "": expected a label'],
      [{ text: "x", label: "\u200b " }, "expected a label of 1 to 200 characters"],
      [{ text: "x", label: "y".repeat(201) }, "expected a label of 1 to 200 characters"],
      [{ text: "x", label: ["odd"] }, "expected a label of 1 to 200 characters"],
      [{ label: "odd" }, "the body has no text"],
      [{ text: "x", tokens: ["x"], label: "odd" }, "has both text and tokens"],
      [{ text: 7, label: "odd" }, "text is 7: expected a text"],
      [{ tokens: [{}], label: "odd" }, "tokens[0] is"],
      [{ text: "x", label: "odd", colour: 1 }, "colour is not known"],
      [{ text: "x", label: "odd", who: "a\nb" }, 'who is "a\\nb": expected one line'],
      [{ text: "x", label: "odd", who: "" }, 'who is "": expected one line'],
      [{ examples: [] }, "examples has 0 rows: expected 1 to 1024"],
      [{ examples: Array(1025).fill({ text: "x", label: "odd" }) }, "examples has 1,025 rows"],
      [{ examples: [{ text: "x", label: "odd" }, null] }, "examples[1] is null"],
      [{ examples: [{ text: "x", label: "odd" }, { text: "y" }] }, "examples[1].label is"],
    ];
    for (const [body, message] of cases) {
      const response = await send(app, "POST", "/examples", body);
      assertEquals(response.status, 400, JSON.stringify(body));
      assertStringIncludes(await messageOf(response), message);
    }
    assertEquals(await rows(), []);
  }));

Deno.test("GET /examples counts labels, and DELETE /examples/{id} takes an example back", () =>
  collecting(async (app, rows) => {
    await send(app, "POST", "/examples", { examples: [{ text: "a", label: "odd" }, { text: "b", label: "even" }] });
    assertEquals((await send(app, "DELETE", "/examples/2")).status, 204);
    for (const id of ["2", "99", "x", "-1", "1e3"]) {
      assertEquals((await send(app, "DELETE", `/examples/${id}`)).status, 404, id);
    }
    const { count, labels, newest } = await (await send(app, "GET", "/examples")).json();
    assertEquals([count, labels, newest.map(({ text }: { text: string }) => text)], [
      1,
      [{ label: "odd", count: 1 }],
      ["a"],
    ]);
    assertEquals((await rows()).length, 1);
  }));

Deno.test("GET /uncertain lists what the model was least sure of, until it is labelled or forgotten", () => {
  const predictor = predictorOf(
    { ...modelInfo, text: true },
    ({ tokens }) => ({ class: 0, label: "odd", probabilities: [0.5 + 0.1 * tokens.length, 0.5 - 0.1 * tokens.length] }),
    preprocessing,
  );
  return collecting(async (app) => {
    for (const text of ["refund please crash", "refund please", "refund"]) {
      assertEquals((await send(app, "POST", "/predict", { text })).status, 200);
    }
    const body = { inputs: [{ name: "input_text", datatype: "BYTES", shape: [1], data: ["crash"] }] };
    await (await send(app, "POST", "/v2/models/lockstep/infer", body)).body?.cancel();
    const listed = async (query = "") => {
      const { inputs, kept } = await (await send(app, "GET", `/uncertain${query}`)).json();
      return [kept, inputs.map(({ row }: { row: { text: string } }) => row.text)];
    };
    assertEquals((await listed())[1].slice(0, 1), ["refund"]);
    assertEquals((await listed("?limit=1"))[1].length, 1);
    await send(app, "POST", "/examples", { text: "refund", label: "odd" });
    assertEquals((await listed())[1].includes("refund"), false);
    for (const limit of ["0", "x", "1001", ""]) {
      assertEquals((await send(app, "GET", `/uncertain?limit=${limit}`)).status, 400, limit);
    }
    assertEquals((await send(app, "DELETE", "/uncertain")).status, 204);
    assertEquals(await listed(), [0, []]);
  }, { predictor });
});

Deno.test("the routes of examples say how to allow them, and why none is taken", async () => {
  const { app } = fakeApp({ services: { predictor: textPredictor() } });
  for (const [method, path] of [["GET", "/examples"], ["DELETE", "/examples/1"], ["GET", "/uncertain"]] as const) {
    const response = await send(app, method, path);
    assertEquals(response.status, 409);
    assertStringIncludes(await messageOf(response), "set `");
  }
  assertEquals((await send(app, "POST", "/examples", { text: "x", label: "odd" })).status, 409);
  for (const [why, status] of [["busy", 409], ["kept", 409], ["full", 503]] as const) {
    const refuse = (): Promise<Refused> => Promise.resolve(why);
    const examples: Examples = { add: refuse, remove: refuse, overview: refuse };
    const labelling = { examples, textColumn: "text", labelColumn: "label" };
    const refusing = fakeApp({ services: { predictor: textPredictor(), labelling } }).app;
    assertEquals((await send(refusing, "POST", "/examples", { text: "x", label: "odd" })).status, status);
    assertEquals((await send(refusing, "GET", "/examples")).status, status);
    assertEquals((await send(refusing, "GET", "/uncertain")).status, 409);
  }
});

Deno.test("GET /model says whether people can label for it", async () => {
  const predictor = textPredictor();
  const examples = fakeLabelling().examples;
  const columns = { textColumn: "text", labelColumn: "label" };
  const collects = async (labelling?: Labelling) => {
    const { app } = fakeApp({ services: { predictor, ...labelling && { labelling } } });
    const both = await Promise.all(
      ["/model", "/models/lockstep"].map(async (path) => (await (await app.request(path)).json()).collects),
    );
    assertEquals(both[0], both[1]);
    return both[0];
  };
  assertEquals(await collects(), undefined);
  assertEquals(await collects({ examples, ...columns }), { uncertain: false });
  assertEquals(await collects(fakeLabelling()), { uncertain: true });
});

Deno.test("a generated task takes no examples", () =>
  collecting(async (app, rows) => {
    const response = await send(app, "POST", "/examples", { text: "x", label: "odd" });
    assertEquals(response.status, 400);
    assertEquals(await rows(), []);
  }, { predictor: fakePredictor() }));

Deno.test("the token of people who label opens their routes, and no others", () => {
  const [token, labelToken] = ["a".repeat(20), "b".repeat(20)];
  const right = async (app: App, own: string) =>
    / data-right="(\w+)"/.exec(
      await (await send(app, "GET", "/", undefined, { Authorization: `Bearer ${own}` })).text(),
    );
  return collecting(async (app) => {
    const status = async (method: string, path: string, own: string, body?: unknown) => {
      const response = await send(app, method, path, body, { Authorization: `Bearer ${own}` });
      await response.body?.cancel();
      return response.status;
    };
    const example = { text: "refund", label: "odd" };
    for (const own of [token, labelToken]) {
      assertEquals(await status("POST", "/examples", own, example), 201);
      assertEquals(await status("GET", "/examples", own), 200);
      assertEquals(await status("GET", "/uncertain", own), 200);
      assertEquals(await status("GET", "/model", own), 200);
      assertEquals(await status("DELETE", `/examples/${own === token ? 1 : 2}`, own), 204);
    }
    const closed: [method: string, path: string][] = [
      ["DELETE", "/uncertain"],
      ["POST", "/predict"],
      ["GET", "/runs"],
      ["POST", "/runs"],
      ["GET", "/events"],
      ["POST", "/runs/r1/stop"],
      ["DELETE", "/runs/r0"],
      ["GET", "/files"],
      ["GET", "/metrics"],
      ["GET", "/nowhere"],
    ];
    for (const [method, path] of closed) {
      assertEquals(await status(method, path, labelToken, method === "POST" ? {} : undefined), 401, path);
    }
    assertEquals(await status("POST", "/examples", "c".repeat(20), example), 401);
    assertEquals([(await right(app, labelToken))?.[1], await right(app, token)], ["label", null]);
  }, { options: { token, labelToken } });
});
