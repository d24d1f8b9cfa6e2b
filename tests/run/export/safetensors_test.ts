import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { spellingOf } from "../../../lib/base/normal_form.ts";
import { openPreprocessing } from "../../../lib/data/encode/open_preprocessing.ts";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import { createTokenizer } from "../../../lib/data/tokenizers/create_tokenizer.ts";
import { Spans } from "../../../lib/data/tokenizers/tokenizer.ts";
import { characterTable } from "../../../lib/run/export/safetensors/characters.ts";
import modelPy from "../../../lib/run/export/safetensors/model.py" with { type: "text" };
import { optionalTest } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { anyCharacter } from "../../data/any_character.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { assertSame, eachExport, ids, ofHuggingFace, ofText } from "./cases.ts";
import { PYTHON, pytorchAbsence, withPython } from "./python.ts";

const withoutPytorch = pytorchAbsence();
optionalTest(withoutPytorch, {
  name: `exportModel(safetensors): model.py makes the predictions of the product in PyTorch`,
  fn: () =>
    withPython(
      `
  folder, inputs = question
  sys.path[0] = folder
  sys.modules.pop("model", None)
  import model
  loaded = model.load(folder)
  # One by one, and all rows in one padded batch.
  answer = [loaded.predict([one])[0] for one in inputs] + loaded.predict(inputs)
  single = lambda one: one if isinstance(one, str) or isinstance(one[0], int) else {"tokens": one}
  answer += [loaded.predict(single(one)) for one in inputs]
  assert loaded.predict([]) == []
  first = lambda reject: loaded.predict(inputs[:1], reject=reject)[0]
  assert first(0)["label"] is not None and first(0.9) == answer[0]
  try:
    raise AssertionError(first(0.95))
  except ValueError as error:
    assert "reject is 0.95: expected at most 0.9, the highest" in str(error), str(error)
  has_names = any(isinstance(one, list) and isinstance(one[0], str) for one in inputs)
  cuts_texts = any(isinstance(one, str) for one in inputs)
  refused = [
    ([[1, 99]], "inputs[0][1] is 99: expected a token id, a whole number from 0 to 11"),
    ([[1], 2], "inputs[1] is 2: expected a text, or a list of at least one token"),
    ([1, True], "inputs[0] is 1: expected a text"),
    ([[]], "inputs[0] is []: expected a text, or a list"),
    (None, "the input is None: expected a text, or a list"),
    ({"text": [1]}, "the input is {'text': [1]}: expected"),
    ([["a", 1]], "inputs[0][0] is 'a': expected a token id"),
  ]
  if not cuts_texts: refused += [("a b", "the input is a text: this model takes ")]
  if not cuts_texts and has_names: refused += [(["a b"], "token ids, as its tokenizer is one of Hugging Face")]
  for given, message in refused:
    try:
      raise AssertionError(f"{given}: {loaded.predict(given)}")
    except (TypeError, ValueError) as error:
      assert message in str(error), (given, str(error))`,
      (ask) =>
        eachExport("safetensors", async (folder, inputs, expected) => {
          assertSame(JSON.parse(await ask([folder, inputs])), [...expected, ...expected, ...expected]);
        }),
    ),
});

/** Returns what model.py of `folder` prints for the bytes of `input`, and its exit code. */
async function askPython(folder: string, input: Uint8Array, args: readonly string[] = []) {
  const python = new Deno.Command(PYTHON, {
    args: ["-B", join(folder, "model.py"), ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).spawn();
  const writer = python.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { stdout, stderr, code } = await python.output();
  const [out, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { answers: out!.split("\n").slice(0, -1).map((line) => JSON.parse(line)), code, said: said! };
}

optionalTest(withoutPytorch, {
  name: "model.py answers each line of standard input with a line, also blank and refused ones",
  fn: () =>
    eachExport("safetensors", async (folder, inputs, expected) => {
      const isText = inputs.some((input) => typeof input === "string");
      const asked = [...inputs.keys()].filter((at) => !isText || typeof inputs[at] !== "object");
      const lines = asked.map((at) => isText ? String(inputs[at]) : JSON.stringify(inputs[at]));
      const bytes = new TextEncoder().encode(`${lines.join("\r\n")}\n`);
      for (const input of [bytes, gzipSync(bytes)]) {
        const { answers, code } = await askPython(folder, input);
        assertEquals(code, 0);
        assertSame(answers, asked.map((at) => expected[at]!));
      }
      const odd = isText
        ? '\uFEFFho\u2028ha\u2029he\ra\n\n{"tokens":["ha"]}\n{"text":"ha"}\n{"text":7}\na\0b\n'
        : "1 2\n[1, 2]\n\nx\n";
      const { answers, code } = await askPython(folder, Uint8Array.of(...new TextEncoder().encode(odd), 0xE9, 10));
      assertEquals(code, 2);
      assertEquals(
        answers.map(({ error, line }) => error === undefined ? "an answer" : [line, error.slice(0, 42)]),
        isText
          ? [
            ...Array(4).fill("an answer"),
            [5, "line 5 is 7: expected a text, or a list of"],
            [6, "line 6 contains a NUL byte, expected text"],
            [7, "line 7 contains bytes that are not UTF-8"],
          ]
          : [
            ...Array(2).fill("an answer"),
            [3, 'line 3["tokens"] is []: expected a text, o'],
            [4, "line 4[\"tokens\"][0] is 'x': expected a tok"],
            [5, "line 5 contains bytes that are not UTF-8"],
          ],
      );
      assertEquals(answers[isText ? 2 : 0], answers[isText ? 3 : 1]);
    }, [ids[0]!, ofText[1]!]),
});

optionalTest(withoutPytorch, {
  name: "model.py refuses unknown options instead of predicting wrongly",
  fn: () =>
    inTemporaryDirectory((folder) =>
      withPython(
        `
  sys.path[0], kind, change = question
  import model
  plain = {"tokenizer": {"kind": "words", "lowercase": True, "punctuation": "keep"}, "vocabulary": [], "maxLength": 4,
    "truncate": "end"}
  try:
    if kind == "lstm": model.Lstm(9, 2, 2, 2, **change)
    else: model.Encoder({**plain, **change}, {"lower": {}, "kinds": {}})
    answer = "taken"
  except ValueError as error:
    answer = str(error)`,
        async (ask) => {
          await Deno.writeTextFile(join(folder, "model.py"), modelPy);
          const answer = async (kind: string, change: unknown) => JSON.parse(await ask([folder, kind, change]));
          assertEquals(await answer("lstm", { pooling: "max" }), "taken");
          assertStringIncludes(
            await answer("lstm", { pooling: "median" }),
            "pooling is 'median': expected last or mean",
          );
          assertEquals(await answer("text", {}), "taken");
          assertStringIncludes(await answer("text", { truncate: "middle" }), "truncate is 'middle'");
          assertStringIncludes(await answer("text", { tokenizer: { kind: "bytes" } }), "tokenizer is 'bytes'");
          assertStringIncludes(await answer("text", { rules: 3 }), "rules is 3: expected 1 or 2");
        },
      )
    ),
});

optionalTest(withoutPytorch, {
  name: "model.py says that a model with a Hugging Face tokenizer takes no texts",
  fn: () =>
    eachExport("safetensors", async (folder, inputs, expected) => {
      const { code, said } = await askPython(folder, new Uint8Array(), ["where", "is", "my", "parcel"]);
      assertEquals(code, 1);
      assertMatch(said, /^error: the input is a text: this model takes tokens by name or token ids, as its tokenizer/);
      const at = inputs.findIndex((input) => input[0] === "ha");
      const lines = `some text\n${JSON.stringify({ tokens: inputs[at] })}\n`;
      const { answers, ...rest } = await askPython(folder, new TextEncoder().encode(lines));
      assertEquals(rest.code, 2);
      assertMatch(answers[0].error, /^line 1 is a text: this model takes tokens by name or token ids/);
      assertSame([answers[1]], [expected[at]!]);
    }, [ofHuggingFace]),
});

/** Generates any characters, and those of the tokenizers' rules more often. */
const anyText = fc.array(
  fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 3 }),
    fc.string({ unit: "grapheme", maxLength: 3 }),
    fc.constantFrom(
      "'",
      "’",
      " ",
      "\u0301",
      "\u200d",
      "\u00ad",
      "e\u0301",
      "\u200b",
      "\ufe0f",
      "\u00a0",
      "\ufeff",
      "İ",
      "Σ",
      "ΑΣ",
      "ß",
      "_",
      "don't",
      "你",
      "ก",
    ),
    fc.constantFrom("𐐀", "𠀀", "😀", "\ud800", "𝟘", "\u{1e8d0}", "\u{10d50}", "ǅ", "ﬁ", "\t", "\u0085", "\u2028"),
  ),
  { maxLength: 12 },
).map((parts) => parts.join(""));

optionalTest(withoutPytorch, {
  name: "model.py splits any text as the product does",
  async fn() {
    // Python decides if a Σ is the last letter of a word, and may not know the letters around it.
    const samples = fc.sample(anyText.filter((text) => !/Σ/.test(text) || !/[^\0-\uffff]/u.test(text)), {
      numRuns: 3000,
      seed: 11,
    });
    // These have more accents than the model keeps.
    samples.push(`a${"\u0316\u0301".repeat(100)} b${"\u0301".repeat(65)}`);
    const kinds: PreprocessingJson["tokenizer"][] = [
      { kind: "words", lowercase: true, punctuation: "keep" },
      { kind: "words", lowercase: false, punctuation: "drop" },
      { kind: "chars", lowercase: true },
      { kind: "codes" },
    ];
    const body = `
  sys.path[0], preprocessing, characters, samples = question
  import model
  encode = model.Encoder(preprocessing, characters)
  answer = [[encode(text), encode.spelled(text)] for text in samples]`;
    await inTemporaryDirectory((folder) =>
      withPython(body, async (ask) => {
        await Deno.writeTextFile(join(folder, "model.py"), modelPy);
        for (const [tokenizer, rules] of kinds.flatMap((kind) => [[kind, 1], [kind, 2]] as const)) {
          const spelled = spellingOf(tokenizer, rules);
          const spans = new Spans();
          const cut = createTokenizer(tokenizer);
          const tokens = samples.map((text) => {
            cut.cut(spelled(text), spans);
            return spans.strings().map(String);
          });
          const known = [...new Set(tokens.flat())];
          const preprocessing: PreprocessingJson = {
            tokenizer,
            vocabulary: known,
            maxLength: 1000,
            truncate: "end",
            rules,
          };
          const { encode } = openPreprocessing(preprocessing);
          const found: [number[], string][] = JSON.parse(await ask([folder, preprocessing, characterTable(), samples]));
          // Python also composes letters by its own tables, which may lack some.
          const same = [...samples.entries()].filter(([index, text]) => found[index]![1] === spelled(text));
          assert(same.length > 0.98 * samples.length, `${same.length} of ${samples.length} are spelled the same`);
          for (const [index, text] of same) {
            assertEquals(found[index]![0], [...encode(text).tokens], `${tokenizer.kind} of ${JSON.stringify(text)}`);
          }
        }
      })
    );
  },
});
