import { assertEquals, assertMatch } from "@std/assert";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import { fakeApp, preprocessing, textPredictor } from "../fakes.ts";
import type { ProblemBody } from "../http/reading.ts";

const columns: PreprocessingJson["columns"] = [
  { name: "text", kind: "text" },
  { name: "amount", kind: "number", edges: [10] },
  { name: "country", kind: "category" },
];
// The fake answers with the parity of the first id: odd for an amount below 10, which is known.
const vocabulary = ["more", "amount\x1F<10", "text\x1F", "refund", "country\x1FCH"];
const { app } = fakeApp({
  maxInstances: 4,
  services: { predictor: textPredictor({ ...preprocessing, maxLength: 8, vocabulary, columns }) },
});

const post = (body: unknown, path = "/predict") =>
  Promise.resolve(app.request(path, { method: "POST", body: JSON.stringify(body) }));

async function problems(body: unknown): Promise<string[]> {
  const response = await post(body);
  assertEquals(response.status, 400);
  const { errors }: ProblemBody = await response.json();
  return errors.map(({ message }) => message);
}

const row = { text: "refund", amount: 9.5, country: "CH" };

Deno.test("POST /predict takes the fields of several columns, one row or instances", async () => {
  const one = await (await post({ ...row, top: 1 })).json();
  assertEquals([one.label, one.unknownShare, one.top.length], ["odd", 0, 1]);
  const { predictions } = await (await post({ instances: [row, { ...row, amount: null }, { ...row, amount: "3" }] }))
    .json();
  assertEquals(predictions.map(({ unknownShare }: { unknownShare: number }) => unknownShare), [0, 1 / 4, 0]);
  const query = await Promise.resolve(app.request("/predict?text=refund&amount=9.5&country=CH&top=1"));
  assertEquals((await query.json()).unknownShare, 0);
  const model = await (await Promise.resolve(app.request("/model"))).json();
  assertEquals(model.columns, columns.map(({ name, kind }) => ({ name, kind })));
});

Deno.test("POST /predict names fields that are missing, unknown or of another kind, and the form", async () => {
  assertEquals(await problems({ text: "a", amount: "much", land: "CH" }), [
    'land is not known: expected fields as in {"text":"…","amount":12.5,"country":"…"}',
    'amount is "much": expected a number such as 12.5, or null for a missing one',
    "country is missing: expected a text, a number, true or false, or null for a missing one",
  ]);
  assertEquals(await problems({ instances: [{ ...row, text: 5 }, "refund"] }), [
    "instances[0].text is 5: expected a text",
    'instances[1] is "refund": expected an object such as {"text":"…","amount":12.5,"country":"…"}',
  ]);
  assertMatch((await problems({ ...row, top: 0 })).join(), /^top is 0/);
  assertMatch(
    (await problems([row])).join(),
    /^the body is \[.*expected \{"text":"…","amount":12.5,"country":"…"\} or/,
  );
  assertMatch((await problems({})).join(), /text is missing/);
});

Deno.test("POST /v2/…/infer takes a tensor for each column", async () => {
  const tensors = (amounts: unknown[], datatype = "FP64") => ({
    inputs: [
      { name: "amount", shape: [2], datatype, data: amounts },
      { name: "text", shape: [2], datatype: "BYTES", data: ["refund", "refund"] },
      { name: "country", shape: [2], datatype: "BYTES", data: ["CH", "CH"] },
    ],
  });
  const path = "/v2/models/lockstep/infer";
  const { outputs } = await (await post(tensors([9.5, 3]), path)).json();
  assertEquals(outputs[0].data, ["odd", "odd"]);
  const complaint = async (body: unknown) => (await (await post(body, path)).json()).error;
  assertMatch(await complaint(tensors([9.5, "x"], "BYTES")), /row\[1\]\.amount is "x": expected a number/);
  assertMatch(await complaint(tensors([1, 2], "BOOL")), /amount has the datatype "BOOL"/);
  assertMatch(await complaint({ inputs: tensors([1, 2]).inputs.slice(1) }), /inputs has no "amount"/);
  const { inputs } = await (await Promise.resolve(app.request("/v2/models/lockstep"))).json();
  assertEquals(inputs.map(({ name, datatype }: { name: string; datatype: string }) => [name, datatype]), [
    ["text", "BYTES"],
    ["amount", "FP64"],
    ["country", "BYTES"],
  ]);
});
