import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import tfjsBundle from "npm:@tensorflow/tfjs@4.22.0/dist/tf.min.js" with { type: "text" };
import type { Prediction } from "../../../lib/predict/types.ts";
import { CHROMIUM } from "../../dashboard/browser/browser.ts";
import { executableAbsence, optionalTest, programAbsence } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import {
  assertSame,
  eachExport,
  fieldMessages,
  ids,
  isIds,
  ofColumnPieces,
  ofColumns,
  ofHuggingFace,
  ofPieces,
  ofText,
  questionOf,
  REFUSED_FIELDS,
  sequences,
} from "./cases.ts";
import { withPages } from "./pages.ts";

/** A module that an export writes, as a program in JavaScript sees it. */
interface Classifier {
  readonly encode?: (input: unknown) => Int32Array;
  predict(input: unknown, options?: { readonly reject?: number; readonly top?: number }): Prediction & Prediction[];
}

async function openTfjs(): Promise<typeof import("@tensorflow/tfjs")> {
  const tf = await import("@tensorflow/tfjs");
  await tf.setBackend("cpu");
  return tf;
}

async function load(tf: unknown, folder: string, where?: string | URL): Promise<Classifier> {
  const { loadClassifier } = await import(pathToFileURL(join(folder, "predict.js")).href);
  return await loadClassifier(tf, where);
}

Deno.test("exportModel(tfjs): predict.js predicts rows and lists as the product does", async () => {
  const tf = await openTfjs();
  await eachExport("tfjs", async (folder, inputs, expected, { tokenizer, several, columns }) => {
    const classifier = await load(tf, folder);
    const before = tf.memory().numTensors;
    const questions = inputs.map(questionOf);
    const predict = (input: unknown) => classifier.predict(input);
    assertSame(questions.map(predict), expected);
    assertSame(classifier.predict(questions), expected);
    assertSame(classifier.predict([]), []);
    const withNames = inputs.flatMap((input, at) => isIds(input) ? [] : at);
    for (const at of withNames) {
      const { unknownShare, truncated } = predict(questions[at]);
      assertEquals({ unknownShare, truncated }, flagsOf(expected[at]!));
    }
    const bare = tokenizer ? withNames : [...inputs.keys()];
    assertSame(classifier.predict(bare.map((at) => inputs[at])), bare.map((at) => expected[at]!));
    // Each label has a threshold of its own there, and rows of columns have no ids.
    if (several || columns) return;
    const [first] = sequences;
    const rejecting = (reject: number) => classifier.predict({ ids: first }, { reject });
    assertNotEquals(rejecting(0).label, null);
    assertEquals(classifier.predict({ ids: first }, { top: 1 }).top?.[0]?.label, rejecting(0).label);
    assertEquals(rejecting(0.9).label, expected[0]!.label);
    assertRefused(() => rejecting(0.95), "`reject` is 0.95: expected at most 0.9, the highest");
    if (classifier.encode) assertSame([predict(classifier.encode(["ha", "ho"]))], [predict({ tokens: ["ha", "ho"] })]);
    assertEquals(tf.memory().numTensors, before);
  }, [...ids, ...ofText, ofHuggingFace, ofPieces, ...ofColumns, ofColumnPieces]);
});

function flagsOf({ unknownShare, truncated }: Prediction) {
  return { unknownShare, truncated };
}

/** Asserts that `predict` refuses an input with the beginning of a message. */
function assertRefused(predict: () => unknown, message: string): void {
  const error = assertThrows(predict, Error);
  assertEquals([error.name, error.message.slice(0, message.length)], ["InputError", message]);
}

/** Inputs that predict.js refuses and its messages, by the kind of the model. */
const REFUSED: Readonly<Record<string, readonly [input: unknown, message: string][]>> = {
  all: [
    [null, "input is null: expected a text, or a list of at least one token"],
    [7, "input is 7: expected a text, or a list"],
    [[{ ids: [1] }, 2], "inputs[1] is 2: expected a text"],
    [{ ids: [1, 99] }, "input.ids[1] is 99: expected a token id, a whole number from 0 to 11"],
    [{ ids: [1, 2.5] }, "input.ids[1] is 2.5: expected a token id"],
    [{ ids: [] }, "input.ids is []: expected at least one token id"],
    [{ ids: "12" }, 'input.ids is "12": expected at least one token id'],
    [{ text: "a", tokens: ["a"] }, 'input is {"text":"a","tokens":["a"]}: expected'],
    [Int32Array.of(12), "input[0] is 12: expected a token id"],
  ],
  ids: [
    ["a b", "input is a text: expected tokens, as this model was not trained on text"],
    [["a b"], "inputs[0] is a text: expected tokens"],
    [{ text: [1] }, "input.text is a text: expected tokens"],
    [[1, true], "inputs[0] is 1: expected"],
    [[["a"]], 'inputs[0][0] is "a": expected a token id'],
    [[[]], "inputs[0] is []: expected"],
  ],
  words: [
    [{ text: [1] }, "input.text is [1]: expected a text"],
    [[1, 2], "input is a list of numbers: expected { ids } or { tokens }, by name"],
    [[[1, 2]], "inputs[0] is a list of numbers: expected { ids } or { tokens }, by name"],
    [["a", 2], "inputs[1] is 2: expected a text"],
    [[["a", null]], "inputs[0][1] is null: expected a text or a number"],
    [{ tokens: [] }, "input.tokens is []: expected"],
    [[[]], "inputs[0] is []: expected"],
  ],
  codes: [
    [["a b", "c"], 'input is a list of strings with "a b": expected { tokens: [...] } for a row'],
    [["a", true], "inputs[1] is true: expected a text"],
  ],
  huggingface: [
    [
      "a b",
      "input cannot be cut into tokens: a library cut the texts of this old run: expected a list of tokens",
    ],
    [["a b"], "inputs[0] cannot be cut into tokens"],
    [{ text: "a b" }, "input.text cannot be cut into tokens"],
  ],
};

Deno.test("exportModel(tfjs): predict.js refuses inputs that could mean something else", async () => {
  const tf = await openTfjs();
  const cases = [ids[0]!, ofText[0]!, ofText.at(-1)!, ofHuggingFace];
  await eachExport("tfjs", async (folder, _inputs, _expected, { tokenizer }) => {
    const { predict } = await load(tf, folder);
    for (const [input, message] of [...REFUSED.all!, ...REFUSED[tokenizer?.kind ?? "ids"]!]) {
      assertRefused(() => predict(input), message);
    }
  }, cases);
});

Deno.test("exportModel(tfjs): predict.js refuses fields with the words of the product", async () => {
  const tf = await openTfjs();
  await eachExport("tfjs", async (folder, [fields]) => {
    const { predict, encode } = await load(tf, folder);
    const [own, listed] = ["input", "inputs[1]"].map(fieldMessages);
    REFUSED_FIELDS.forEach((input, at) => {
      if (!Array.isArray(input)) assertRefused(() => predict(input), own![at]!);
      assertRefused(() => predict([fields, input]), listed![at]!);
    });
    assertSame(predict([fields]), [predict(fields)]);
    assertEquals(encode!(fields).length, 14);
  }, [ofColumns[0]!]);
});

Deno.test("exportModel(tfjs): a list of strings is a list of texts, and one row for a model of codes", async () => {
  const tf = await openTfjs();
  await eachExport("tfjs", async (folder, _inputs, _expected, { tokenizer }) => {
    const { predict } = await load(tf, folder);
    const row = predict({ tokens: ["ha", "7", "he"] });
    if (tokenizer?.kind === "codes") {
      assertSame([predict(["ha", 7, "he"])], [row]);
      assertSame(predict([["ha", "7", "he"], { text: "ha 7 he" }]), [row, row]);
      assertSame([predict([7, 9])], [predict({ tokens: ["7", "9"] })]);
    } else {
      assertSame(predict(["ha 7", "he"]), [predict("ha 7"), predict("he")]);
      assertSame(predict([["ha", 7, "he"]]), [row]);
    }
  }, [ofText[0]!, ofText.at(-1)!]);
});

Deno.test("exportModel(tfjs): loadClassifier() takes the path or address of its folder, or neither", async () => {
  const tf = await openTfjs();
  await eachExport("tfjs", async (folder, inputs, expected) => {
    const url = pathToFileURL(folder);
    for (const where of [undefined, folder, `${folder}/`, url, url.href, `${url.href}/`]) {
      const { predict } = await load(tf, folder, where);
      assertSame([predict(questionOf(inputs[0]!))], [expected[0]!]);
    }
  }, [ofText[1]!, ofPieces]);
});

optionalTest(programAbsence("node", ["--version"]), {
  name: "exportModel(tfjs): the folder is an ES module with types for Node and TypeScript",
  async fn() {
    await eachExport("tfjs", async (folder, inputs, expected, { tokenizer, columns }) => {
      await Deno.writeTextFile(join(folder, "tf.cjs"), tfjsBundle);
      const asked = JSON.stringify(inputs.map(questionOf));
      const program = join(folder, "..", "program.mjs");
      await Deno.writeTextFile(
        program,
        `import tf from "./exported/tf.cjs";
import { loadClassifier } from "./exported/predict.js";
await tf.setBackend("cpu");
const classifier = await loadClassifier(tf, "./exported");
console.log(JSON.stringify(classifier.predict(${asked})));`,
      );
      const answers = await run("node", [program], join(folder, ".."));
      assertSame(JSON.parse(answers.split("\n").at(-2)!), expected);
      const [input, wrong, item] = TYPED[columns ? "columns" : tokenizer?.kind ?? "ids"]!;
      // The types of tfjs take seconds to check: one model is enough.
      const library = tokenizer
        ? `import type { TensorFlow } from "./exported/predict.js";\ndeclare const tf: TensorFlow;\n`
        : `import * as tf from "npm:@tensorflow/tfjs@4.22.0";\n`;
      const typed = `${library}import { loadClassifier } from "./exported/predict.js";
const { predict, about } = await loadClassifier(tf, new URL("./exported/", import.meta.url));
const one: string | null = predict(${input}).label;
const many: number[] = predict([${input}, ${item}], { reject: 0.9 }).map(({ probabilities }) => probabilities[0]!);
// @ts-expect-error: the model does not take this
predict(${wrong});
export { about, many, one };
`;
      await Deno.writeTextFile(join(folder, "..", "typed.ts"), typed);
      await run(Deno.execPath(), ["check", "--quiet", "--no-lock", "--no-config", "typed.ts"], join(folder, ".."));
    }, [ids[0]!, ofText[1]!, ofText.at(-1)!, ofPieces, ofColumns[2]!]);
  },
});

/** Source text of inputs that models take and refuse, and of an item of a list. */
const TYPED: Readonly<Record<string, readonly [right: string, wrong: string, item: string]>> = {
  words: ['"a text"', "[1, 2]", '"a text".split(" ")'],
  codes: ['["a", 7]', "[true]", '"a text"'],
  huggingface: ['"a text"', "[1, 2]", '["a"]'],
  ids: ["[1, 2]", '"a text"', "Int32Array.of(1)"],
  columns: ['{ amount: 7, "body text": "a" }', "{ amount: 7 }", '{ amount: null, "body text": null }'],
};

/** Returns what a program prints. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd, signal }).output();
  const [out, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, said);
  return out!;
}

optionalTest(executableAbsence(CHROMIUM), {
  name: `exportModel(tfjs): stock tfjs in a browser makes the predictions of the product`,
  // The driver of the browser keeps timers and pipes of its process beyond close().
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withPages((evaluate) =>
      eachExport("tfjs", async (folder, inputs, expected) => {
        const [found, missing] = await evaluate(
          folder,
          new Map([["/tf.js", tfjsBundle]]),
          `await import("/tf.js");
          await tf.setBackend("cpu");
          const { loadClassifier } = await import("/predict.js");
          const questions = ${JSON.stringify(inputs.map(questionOf))};
          const [byDefault, byPath] = [await loadClassifier(tf), await loadClassifier(tf, "/")];
          return [
            [...byDefault.predict(questions), ...questions.map((question) => byPath.predict(question))],
            await loadClassifier(tf, "/none").catch((error) => error.message),
          ];`,
        ) as [found: Prediction[], missing: string];
        assertSame(found, [...expected, ...expected]);
        assertMatch(missing, /^Cannot load http:.*\/none\/lockstep.json: the server answered 404/);
      }, [...ids, ...ofText, ofHuggingFace, ofPieces, ...ofColumns, ofColumnPieces])
    ),
});
