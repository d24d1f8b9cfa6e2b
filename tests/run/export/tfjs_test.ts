import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import tfjsBundle from "npm:@tensorflow/tfjs@4.22.0/dist/tf.min.js" with { type: "text" };
import type { Prediction } from "../../../lib/predict/types.ts";
import { CHROMIUM } from "../../dashboard/browser/browser.ts";
import { executableAbsence, optionalTest, programAbsence } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { assertSame, eachExport, ids, ofHuggingFace, ofPieces, ofText, questionOf, sequences } from "./cases.ts";
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
  await eachExport("tfjs", async (folder, inputs, expected, { tokenizer, several }) => {
    const classifier = await load(tf, folder);
    const before = tf.memory().numTensors;
    const questions = inputs.map(questionOf);
    const predict = (input: unknown) => classifier.predict(input);
    assertSame(questions.map(predict), expected);
    assertSame(classifier.predict(questions), expected);
    assertSame(classifier.predict([]), []);
    const withNames = inputs.flatMap((input, at) =>
      typeof input !== "string" && typeof input[0] === "number" ? [] : at
    );
    for (const at of withNames) {
      const { unknownShare, truncated } = predict(questions[at]);
      assertEquals({ unknownShare, truncated }, flagsOf(expected[at]!));
    }
    const bare = tokenizer ? withNames : [...inputs.keys()];
    assertSame(classifier.predict(bare.map((at) => inputs[at])), bare.map((at) => expected[at]!));
    // Each label has a threshold of its own there.
    if (several) return;
    const [first] = sequences;
    const rejecting = (reject: number) => classifier.predict({ ids: first }, { reject });
    assertNotEquals(rejecting(0).label, null);
    assertEquals(classifier.predict({ ids: first }, { top: 1 }).top?.[0]?.label, rejecting(0).label);
    assertEquals(rejecting(0.9).label, expected[0]!.label);
    assertThrows(() => rejecting(0.95), RangeError, "`reject` is 0.95: expected at most 0.9, the highest");
    if (classifier.encode) assertSame([predict(classifier.encode(["ha", "ho"]))], [predict({ tokens: ["ha", "ho"] })]);
    assertEquals(tf.memory().numTensors, before);
  }, [...ids, ...ofText, ofHuggingFace, ofPieces]);
});

function flagsOf({ unknownShare, truncated }: Prediction) {
  return { unknownShare, truncated };
}

/** Inputs that predict.js refuses and its messages, by the kind of the model. */
const REFUSED: Readonly<Record<string, readonly [input: unknown, message: string][]>> = {
  all: [
    [null, "The input is null: expected a text, or a list of at least one token"],
    [7, "The input is 7: expected a text, or a list"],
    [[{ ids: [1] }, 2], "Input 1 is 2: expected a text"],
    [{ ids: [1, 99] }, "The input.ids[1] is 99: expected a token id, a whole number from 0 to 11"],
    [{ ids: [1, 2.5] }, "The input.ids[1] is 2.5: expected a token id"],
    [{ ids: [] }, "The input.ids is []: expected at least one token id"],
    [{ text: [1] }, 'The input is {"text":[1]}: expected'],
    [{ text: "a", tokens: ["a"] }, 'The input is {"text":"a","tokens":["a"]}: expected'],
    [Int32Array.of(12), "The input[0] is 12: expected a token id"],
  ],
  ids: [
    ["a b", "The input is a text: this model takes token ids"],
    [["a b"], "Input 0 is a text: this model takes token ids"],
    [[1, true], "Input 0 is 1: expected"],
    [[["a"]], 'Input 0[0] is "a": expected a token id'],
    [[[]], "Input 0 is []: expected"],
  ],
  words: [
    [[1, 2], "The input is a list of numbers: expected { ids } or { tokens }, by name"],
    [[[1, 2]], "Input 0 is a list of numbers: expected { ids } or { tokens }, by name"],
    [["a", 2], "Input 1 is 2: expected a text"],
    [[["a", null]], "Input 0[1] is null: expected a token by name, a text or a number"],
    [{ tokens: [] }, "The input.tokens is []: expected"],
    [[[]], "Input 0 is []: expected"],
  ],
  codes: [
    [["a b", "c"], 'The input is a list of strings with "a b": expected { tokens: [...] } for a row'],
    [["a", true], "Input 1 is true: expected a text"],
  ],
  huggingface: [
    [
      "a b",
      "The input is a text: this model takes tokens by name or token ids: its run is old",
    ],
    [["a b"], "Input 0 is a text: this model takes tokens by name"],
    [{ text: "a b" }, "The input.text is a text: this model takes tokens by name"],
  ],
};

Deno.test("exportModel(tfjs): predict.js refuses inputs that could mean something else", async () => {
  const tf = await openTfjs();
  const cases = [ids[0]!, ofText[0]!, ofText.at(-1)!, ofHuggingFace];
  await eachExport("tfjs", async (folder, _inputs, _expected, { tokenizer }) => {
    const { predict } = await load(tf, folder);
    for (const [input, message] of [...REFUSED.all!, ...REFUSED[tokenizer?.kind ?? "ids"]!]) {
      assertStringIncludes(assertThrows(() => predict(input), TypeError).message, message);
    }
  }, cases);
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
    await eachExport("tfjs", async (folder, inputs, expected, { tokenizer }) => {
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
      const [input, wrong, item] = TYPED[tokenizer?.kind ?? "ids"]!;
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
    }, [ids[0]!, ofText[1]!, ofText.at(-1)!, ofPieces]);
  },
});

/** Source text of inputs that models take and refuse, and of an item of a list. */
const TYPED: Readonly<Record<string, readonly [right: string, wrong: string, item: string]>> = {
  words: ['"a text"', "[1, 2]", '"a text".split(" ")'],
  codes: ['["a", 7]', "[true]", '"a text"'],
  huggingface: ['"a text"', "[1, 2]", '["a"]'],
  ids: ["[1, 2]", '"a text"', "Int32Array.of(1)"],
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
        assertMatch(missing, /^Cannot load http:.*\/none\/lockstep.json: 404$/);
      }, [...ids, ...ofText, ofHuggingFace, ofPieces])
    ),
});
