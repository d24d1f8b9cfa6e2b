import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/base/errors.ts";
import { dataOptionsSchema } from "../../../lib/config/data_shape.ts";
import { isProblem } from "../../../lib/formats/entry.ts";
import { openModel } from "../../../lib/run/open_model.ts";
import { openSaved } from "../../../lib/predict/batch_predictor.ts";
import { predictTable, type TableOptions, type TableSummary } from "../../../lib/predict/table/predict_table.ts";
import { withModel, WORDS } from "../../cli/saved_model.ts";
import { bytesOf, pieces, read } from "../../data/reading.ts";

type Some = Partial<TableOptions>;

interface Labelled extends TableSummary {
  readonly text: string;
}

/** Gives `use` a function that labels a text as a table, in chunks of `size` bytes. */
function withTable(
  use: (label: (text: string, some?: Some, size?: number) => Promise<Labelled>, run: string) => Promise<void>,
): Promise<void> {
  return withModel(WORDS, async (_, run) => {
    const model = await openModel(run);
    await use(async (content, some = {}, size = 1 << 16) => {
      const { textColumn, labelColumn, labels, labelSeparator, format, delimiter, header, quotes } = dataOptionsSchema
        .parse({});
      const options = {
        textColumn,
        labelColumn,
        labels,
        labelSeparator,
        format,
        delimiter,
        header,
        quotes,
        onBadRow: "stop",
        ...some,
      } as const;
      let text = "";
      const source = { name: "-", input: pieces(bytesOf(content), size) };
      const summary = await predictTable(model, source, options, (piece) => void (text += piece));
      return { ...summary, text };
    }, run);
  });
}

/** Replaces confidences, which depend on the weights. */
const hidden = (text: string) => text.replaceAll(/\b0\.\d+/g, "P");

Deno.test("predictTable() keeps the columns of a CSV file in order, and adds label and confidence", () =>
  withTable(async (label, run) => {
    const { text, columns, rows } = await label('id,text,formula\n7,"the ""kettle"",\nwas",=1+1\n8,lamp,\n');
    assertEquals([columns, rows], [["label", "confidence"], 2]);
    assertMatch(
      hidden(text),
      /^id,text,formula,label,confidence\n7,"the ""kettle"",\nwas",=1\+1,(odd|even),P\n8,lamp,,(odd|even),P\n$/,
    );
    // The labels and confidences are those of single predictions.
    const predict = await openSaved(await openModel(run));
    const [first, second] = predict(['the "kettle",\nwas', "lamp"]);
    const written = text.split("\n").flatMap((line) => /,(odd|even),([\d.]+)$/.exec(line)?.slice(1, 3) ?? []);
    const expected = [first!, second!].flatMap(({ label, probabilities }) => [
      label,
      String(Number(Math.max(...probabilities).toFixed(6))),
    ]);
    assertEquals(written, expected);
  }));

Deno.test("predictTable() keeps delimiter, line ends, byte order mark, sep= and a missing header", () =>
  withTable(async (label) => {
    const cases: [content: string, some: Some, expected: string][] = [
      ["\uFEFFid;text\r\n1;the\r\n", {}, "\uFEFFid;text;label;confidence\r\n1;the;L;P\r\n"],
      ["sep=|\nid|text\n1|the,lamp", {}, "sep=|\nid|text|label|confidence\n1|the,lamp|L|P\n"],
      ["the\tlamp\n\nwas\ta\n", { delimiter: "tab", header: "no", textColumn: "1" }, "the\tlamp\tL\tP\nwas\ta\tL\tP\n"],
      ['text\n"a, ""b"\n', { quotes: "none", delimiter: ";" }, 'text;label;confidence\n"a, ""b";L;P\n'],
      ["text\rthe\rlamp\r", {}, "text,label,confidence\rthe,L,P\rlamp,L,P\r"],
      ['text,id\r\nthe,"x"\r\n', {}, "text,id,label,confidence\r\nthe,x,L,P\r\n"],
    ];
    for (const [content, some, expected] of cases) {
      const { text } = await label(content, some);
      assertEquals(text.replaceAll(/\b(odd|even)\b/g, "L").replaceAll(/\b0\.\d+/g, "P"), expected);
    }
  }));

Deno.test("predictTable() renames an added column that the source has", () =>
  withTable(async (label) => {
    const { text, columns } = await label("text,Label,predicted_label,confidence\nthe,odd,x,1\n");
    assertEquals(columns, ["predicted_label_2", "predicted_confidence"]);
    assertMatch(text, /^text,Label,predicted_label,confidence,predicted_label_2,predicted_confidence\nthe,odd,x,1,/);
    const named = await label("id,body\n1,the\n", { textColumn: "body", labelColumn: "kind" });
    assertEquals(named.columns, ["kind", "confidence"]);
    const numbered = await label("the\n", { header: "no", textColumn: "1", labelColumn: "2", format: "csv" });
    assertEquals(numbered.columns, ["label", "confidence"]);
  }));

Deno.test("predictTable() adds keys to JSON lines, and keeps the rest as written", () =>
  withTable(async (label) => {
    const lines = ['{"text": "the", "n": 1.0, "big": 9007199254740993 }', '{"tokens":["lamp"],"label":"odd"}'];
    const { text, columns } = await label(`${lines.join("\n")}\n`);
    assertEquals(columns, ["predicted_label", "confidence"]);
    const [first, second] = text.split("\n");
    assertMatch(
      first!,
      /^\{"text": "the", "n": 1\.0, "big": 9007199254740993,"predicted_label":"\w+","confidence":0\.\d+\}$/,
    );
    assertEquals(Object.keys(JSON.parse(second!)), ["tokens", "label", "predicted_label", "confidence"]);
    // A key that only a row behind the head has does not get lost.
    const late = await label(`${'{"text":"the"}\n'.repeat(1001)}{"text":"lamp","confidence":"mine"}\n`);
    const last = JSON.parse(late.text.trimEnd().split("\n").at(-1)!);
    assertEquals([last.confidence, typeof last.predicted_confidence], ["mine", "number"]);
  }));

Deno.test("predictTable() writes fastText's label and confidence before each line", () =>
  withTable(async (label) => {
    const { text } = await label("__label__odd the kettle\n__label__even lamp\n", { top: 2 });
    assertMatch(
      text,
      /^__label__\w+\t0\.\d+\t__label__\w+\t0\.\d+\t__label__odd the kettle\n__label__\w+\t.*\t__label__even lamp\n$/,
    );
  }));

Deno.test("predictTable() writes no label below the threshold, and the other labels on request", () =>
  withTable(async (label) => {
    const { text, columns, rejected } = await label("text\nthe\nlamp\n", { threshold: 1, top: 5 });
    assertEquals(columns, ["label", "confidence", "rejected", "label_2", "confidence_2"]);
    assertEquals(rejected, 2);
    for (const line of text.split("\n").slice(1, -1)) assertMatch(line, /^\w+,,0\.\d+,(odd|even),(odd|even),0\.\d+$/);
    const [first, second, third] = text.split("\n")[1]!.split(",").slice(2).filter((field) => /\d/.test(field));
    assertEquals([Math.abs(Number(first) + Number(second) - 1) < 1e-5, third], [true, undefined]);
    assertEquals((await label("text\nthe\n", { threshold: 0.001 })).rejected, 0);
  }));

const BAD = 'text,id\nthe,1\nlamp,2,3\nx"y,4\nkettle\n"a"b,5\nwas,6\n"open,7\n';

Deno.test("predictTable() refuses bad rows, or keeps them in their place with an error", () =>
  withTable(async (label) => {
    const error = await assertRejects(() => label(BAD), InputError);
    assertEquals(error.problems.map(({ field }) => field), [
      "standard input:3",
      "standard input:5",
      "standard input:6",
      "standard input:8",
      "data",
    ]);
    const { text, rows, bad, columns } = await label(BAD, { onBadRow: "skip" });
    assertEquals([rows, bad, columns], [7, 4, ["label", "confidence", "error"]]);
    assertMatch(
      hidden(text).replaceAll(/\b(odd|even)\b/g, "L"),
      new RegExp(
        [
          "^text,id,label,confidence,error",
          "the,1,L,P,",
          'lamp,"2,3",,,"has 3 fields, expected 2 .*"',
          '"x""y",4,L,P,',
          'kettle,,,,"has 1 field, expected 2 .*"',
          '"""a""b,5",,,,"has a quote inside .*"',
          "was,6,L,P,",
          '"""open,7",,,,opens a quote that is never closed',
          "$",
        ].join("\n"),
      ),
    );
    const lines = await label('{"text":"the"}\n{"x":1}\nnothing\n', { onBadRow: "skip" });
    const [, second, third] = lines.text.split("\n");
    assertMatch(second!, /^\{"x":1,"label":null,"confidence":null,"error":"has no .*"\}$/);
    assertMatch(third!, /^\{"line":"nothing","label":null,"confidence":null,"error":"is not JSON.*"\}$/);
  }));

Deno.test("predictTable() writes the least sure rows first, and bad ones last", () =>
  withTable(async (label) => {
    const words = WORDS.vocabulary;
    const content = `text,id\n${words.map((word, id) => `${word},${id}`).join("\n")}\nlamp\n`;
    const inOrder = await label(content, { onBadRow: "skip" });
    const sorted = await label(content, { onBadRow: "skip", leastSureFirst: true });
    const [head, ...lines] = inOrder.text.trimEnd().split("\n");
    const confidence = (line: string) => Number(line.split(",")[3] || Infinity);
    const expected = lines.toSorted((a, b) => confidence(a) - confidence(b) || 0);
    assert(expected.join() !== lines.join());
    assertEquals(sorted.text.trimEnd().split("\n"), [head, ...expected]);
  }));

Deno.test("predictTable() writes every row of any content once, in order, and readable again", () =>
  withTable(async (label) => {
    const field = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", ";", "é", "="), maxLength: 6 });
    const records = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 1, max: 30 }), async (rows, size) => {
        const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
        const content = ["text,id", ...rows.map((row, n) => [...row.map(quoted), n].join(","))].join("\n");
        const { text } = await label(content.replace("text,id", "text,id,n"), {}, size);
        const again = await read(text, { textColumn: "text", labelColumn: "n" });
        assertEquals(
          again.map((entry) => isProblem(entry) ? entry.problem : ["text" in entry && entry.text, entry.label]),
          rows.map(([text], n) => [text, String(n)]),
        );
      }),
      { numRuns: 60, seed: 11 },
    );
  }));

Deno.test("predictTable() gives the same text for any chunks, and does not wait for more", () =>
  withTable(async (label) => {
    const content = `text\n${WORDS.vocabulary.join("\n")}\n`;
    const whole = await label(content);
    assertEquals((await label(content, {}, 1)).text, whole.text);
  }));
