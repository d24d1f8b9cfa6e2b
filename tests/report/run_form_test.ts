import { assert, assertEquals } from "@std/assert";
import {
  asChoice,
  BASIC,
  commandOf,
  fieldsFor,
  fieldsOf,
  inFormWords,
  type Property,
  textsOf,
  valuesOf,
  withColumns,
} from "../../lib/report/run_form.ts";
import { textDefaults } from "../../lib/config/text_defaults.ts";
import { configSchema } from "../../lib/config/schema.ts";
import { flagName } from "../../lib/report/flag_name.ts";
import { dataOf, LABELS } from "../finished_run.ts";
import { fakeApp } from "../serve/fakes.ts";

/** Reads the schema from the document that the page reads. */
async function properties(): Promise<Record<string, Property>> {
  const document = await (await fakeApp().app.request("/openapi.json")).json();
  return document.components.schemas.RunRequest.properties;
}

Deno.test("fieldsOf() has a field per value of a request, the basic ones first, as the schema says", async () => {
  const given = await properties();
  const fields = fieldsOf(given);
  assertEquals(fields.slice(0, BASIC.length).map(({ name }) => name), BASIC);
  assertEquals(fields.map(({ name }) => name).toSorted(), Object.keys(given).toSorted());
  const kinds = new Map(fields.map(({ name, kind, options, fallback }) => [name, [kind, options.join(), fallback]]));
  assertEquals(kinds.get("epochs"), ["number", "", "50"]);
  assertEquals(kinds.get("bidirectional"), ["choice", "true,false", "false"]);
  assertEquals(kinds.get("pooling"), ["choice", "last,mean,max", "last"]);
  assertEquals(kinds.get("lstmBiases"), ["choice", "1,2", "1"]);
  assertEquals(kinds.get("data"), ["list", "", ""]);
  assertEquals([fields[1]?.label, fields.find(({ name }) => name === "name")?.hint], [
    ...["Text column", "to find the run again"],
  ]);
});

Deno.test("valuesOf() returns what the server's schema accepts", async () => {
  const fields = fieldsOf(await properties());
  const texts = {
    data: " a.csv , b.csv,",
    epochs: "3",
    bidirectional: "true",
    lstmBiases: "2",
    textColumn: "1",
    validation: "0.2",
    tags: "a, b c",
    hidden: "",
  };
  const values = valuesOf(fields, new Map(Object.entries(texts)));
  assertEquals(values, {
    ...{ data: ["a.csv", "b.csv"], textColumn: "1", validation: 0.2, tags: ["a", "b c"] },
    ...{ epochs: 3, bidirectional: true, lstmBiases: 2 },
  });
  assert(configSchema.partial().safeParse(values).success);
});

Deno.test("textsOf() has the values of a config that are not the defaults, and names of files", async () => {
  const fields = fieldsOf(await properties());
  const config = configSchema.parse({ data: ["/home/me/t.csv"], learningRate: 0.02, epochs: 50, bidirectional: true });
  assertEquals(Object.fromEntries(textsOf(fields, config)), {
    ...{ data: "t.csv", learningRate: "0.02", bidirectional: "true" },
  });
  // The server refuses these of a run on files.
  const derived = { task: "table", vocabulary: 9, length: 9, stepsPerEpoch: 9, heldOut: 9 };
  assertEquals([...textsOf(fields, { ...config, ...derived }).keys()], ["data", "learningRate", "bidirectional"]);
  assertEquals([...textsOf(fields, { heldOut: 9 }).keys()], ["heldOut"]);
});

Deno.test("fieldsFor() leaves only values that a training on the same files would not choose", async () => {
  const data = dataOf(LABELS);
  const { rows, tokens } = data.parts.training!;
  const chosen = textDefaults({ rows, tokens, kind: "words", hasLetters: true });
  const config = configSchema.parse({
    data: ["t.csv"],
    task: "table",
    labels: "one",
    ...chosen,
    embedding: 32,
    epochs: 2,
  });
  const given = await properties();
  const like = Object.fromEntries(textsOf(fieldsFor(given, config, data), config));
  // The default for all data is none for these.
  assertEquals(like, { data: "t.csv", embedding: "32", epochs: "2" });
  const characters = { ...config, ...textDefaults({ rows, tokens, kind: "chars" }), tokenizer: "chars" };
  assertEquals(Object.keys(Object.fromEntries(textsOf(fieldsFor(given, characters, data), characters))), [
    ...["data", "tokenizer"],
  ]);
});

Deno.test("commandOf() writes flags by their names, and quotes values for the shell", () => {
  const values = { data: ["a.csv", "my file.csv"], learningRate: 0.02, bidirectional: true, restoreBest: false };
  assertEquals(
    commandOf(values),
    "deno task train --data a.csv --data 'my file.csv' --learning-rate 0.02 --bidirectional --no-restore-best",
  );
  assertEquals(
    commandOf({ data: ["a.csv"], tuneMinutes: 5, tuneSize: "1MB" }),
    "deno task tune --data a.csv --minutes 5 --size 1MB",
  );
  for (const key of ["stepsPerEpoch", "data", "tags"]) {
    assert(commandOf({ [key]: 1 }).endsWith(` --${flagName(key)} 1`));
  }
});

Deno.test("withColumns() fills in what a file probably has, and keeps columns that the user chose", () => {
  const file = { columns: ["id", "body", "kind"], hasHeader: true, textColumn: "body", labelColumn: "kind" };
  const none = withColumns(new Map(), file);
  assertEquals(Object.fromEntries(none), { textColumn: "body", labelColumn: "kind", header: "" });
  const chosen = withColumns(new Map([["textColumn", "id"], ["labelColumn", "gone"]]), file);
  assertEquals([chosen.get("textColumn"), chosen.get("labelColumn")], ["id", "kind"]);
  const bare = withColumns(none, { columns: ["1", "2"], hasHeader: false, textColumn: "2", labelColumn: null });
  assertEquals(Object.fromEntries(bare), { textColumn: "2", labelColumn: "", header: "no" });
  const [field] = fieldsOf({ textColumn: { type: "string" } });
  assertEquals([asChoice(field!, file).kind, asChoice(field!, { columns: [] }).kind], ["choice", "text"]);
});

Deno.test("inFormWords() names keys as the form does", () => {
  assertEquals(inFormWords("Name `textColumn` or `average`"), "Name “Text column” or “average”");
});
