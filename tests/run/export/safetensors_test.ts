import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { spellingOf } from "../../../lib/base/normal_form.ts";
import { openPreprocessing } from "../../../lib/data/encode/open_preprocessing.ts";
import type { PreprocessingJson } from "../../../lib/data/encode/preprocessing.ts";
import { createTokenizer } from "../../../lib/data/tokenizers/create_tokenizer.ts";
import { Spans } from "../../../lib/data/tokenizers/tokenizer.ts";
import { characterTable } from "../../../lib/run/export/python/characters.ts";
import { pythonModule } from "../../../lib/run/export/python/python_module.ts";
import loader from "../../../lib/run/export/safetensors/model.py" with { type: "text" };
import { optionalTest } from "../../optional.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { anyCharacter } from "../../data/any_character.ts";
import type { Prediction } from "../../../lib/predict/types.ts";
import { inTemporaryDirectory } from "../temporary.ts";
import { WHITE_SPACE } from "../training/white_space_tokenizer.ts";
import {
  assertSame,
  eachExport,
  fieldMessages,
  ids,
  isFields,
  isIds,
  ofColumnPieces,
  ofColumns,
  ofHuggingFace,
  ofPieces,
  ofText,
  questionOf,
  REFUSED_FIELDS,
} from "./cases.ts";
import { PYTHON, pythonAbsence, withPython } from "./python.ts";

const modelPy = pythonModule(loader);
const withoutPytorch = pythonAbsence("torch");
optionalTest(withoutPytorch, {
  name: `exportModel(safetensors): model.py makes the predictions of the product in PyTorch`,
  fn: () =>
    withPython(
      `
  folder, questions, bare = question
  sys.path[0] = folder
  sys.modules.pop("model", None)
  import model
  loaded = model.load(folder)
  # One by one, and all rows in one padded batch.
  answer = [loaded.predict(one) for one in questions] + loaded.predict(questions) + loaded.predict(bare)
  assert loaded.predict([]) == []
  first = lambda reject, top=0: loaded.predict(questions[:1], reject=reject, top=top)[0]
  best = first(0, 1)["top"][0]
  assert best["probability"] == max(answer[0]["probabilities"])
  several = "labels" in answer[0]
  if not several:
    assert first(0)["label"] == best["label"] and first(0.9) == answer[0]
  try:
    raise AssertionError(first(0.95))
  except ValueError as error:
    wanted = "has a threshold of its own" if several else "reject is 0.95: expected at most 0.9, the highest"
    assert wanted in str(error), str(error)
  if isinstance(questions[0], dict) and "ids" not in questions[0]:
    print(json.dumps(answer), flush=True)
    continue
  import numpy
  rows = numpy.array([[1, 2, 3], [3, 4, 5]])
  assert loaded.predict(rows) == loaded.predict([{"ids": [1, 2, 3]}, {"ids": [3, 4, 5]}])
  assert loaded.predict(rows[0]) == loaded.predict(rows)[0] == loaded.predict({"ids": rows[0]})`,
      (ask) =>
        eachExport("safetensors", async (folder, inputs, expected, { tokenizer }) => {
          // A list in a list has tokens by name, and ids only where tokens have no names.
          const bare = [...inputs.keys()].filter((at) => !tokenizer || !isIds(inputs[at]!));
          const asked = [folder, inputs.map(questionOf), bare.map((at) => inputs[at])];
          const answers: Prediction[] = JSON.parse(await ask(asked));
          assertSame(answers, [...expected, ...expected, ...bare.map((at) => expected[at]!)]);
          const flags = answers.slice(0, inputs.length).map(flagsOf);
          assertEquals(flags, expected.map((one, at) => isIds(inputs[at]!) ? {} : flagsOf(one)));
        }, [...ids, ...ofText, ofHuggingFace, ...ofColumns]),
    ),
});

/** Returns how a row was read, as far as an answer says it. */
function flagsOf({ unknownShare, truncated }: Prediction): Partial<Prediction> {
  return unknownShare === undefined || truncated === undefined ? {} : { unknownShare, truncated };
}

optionalTest(withoutPytorch, {
  name: "model.py reads lists as predict.js does, and refuses inputs that could mean something else",
  fn: () =>
    withPython(
      `
  folder, inputs = question
  sys.path[0] = folder
  sys.modules["tokenizers"] = None  # as if it were not installed
  sys.modules.pop("model", None)
  import model
  loaded = model.load(folder)
  answer = []
  for one in inputs:
    try:
      found = loaded.predict(one)
      answer.append([row["probabilities"] for row in (found if isinstance(found, list) else [found])])
    except (TypeError, ValueError) as error:
      answer.append(str(error))`,
      (ask) =>
        eachExport("safetensors", async (folder, _inputs, _expected, { tokenizer }) => {
          const kind = tokenizer?.kind ?? "ids";
          const refused = [...REFUSED.all!, ...REFUSED[kind]!];
          const said: string[] = JSON.parse(await ask([folder, refused.map(([input]) => input)]));
          refused.forEach(([, message], at) => assertStringIncludes(said[at]!, message));
          const same = SAME[kind] ?? [];
          const answers: unknown[] = JSON.parse(await ask([folder, same.flat()]));
          same.forEach((_, at) => assertEquals(answers[2 * at], answers[2 * at + 1]));
        }, [ids[0]!, ofText[0]!, ofText.at(-1)!, ofPieces]),
    ),
});

/** Inputs that model.py refuses and its messages, by the kind of the model. */
const REFUSED: Readonly<Record<string, readonly [input: unknown, message: string][]>> = {
  all: [
    [null, "input is None: expected a text, or a list of at least one token"],
    [[{ ids: [1] }, 2], "inputs[1] is 2: expected a text"],
    [{ ids: [1, 99] }, 'input["ids"][1] is 99: expected a token id, a whole number from 0 to 11'],
    [{ ids: [1, 2.5] }, 'input["ids"][1] is 2.5: expected a token id'],
    [{ ids: [] }, 'input["ids"] is []: expected'],
    [{ text: [1] }, "input is {'text': [1]}: expected"],
    [{ text: "a", tokens: ["a"] }, "input is {'text': 'a', 'tokens': ['a']}: expected"],
  ],
  ids: [
    ["a b", "input is a text: this model takes token ids"],
    [["a b"], "inputs[0] is a text: this model takes token ids"],
    [[1, true], "inputs[0] is 1: expected"],
    [[["a"]], "inputs[0][0] is 'a': expected a token id"],
    [[[]], "inputs[0] is []: expected"],
  ],
  words: [
    [[1, 2], 'input is a list of numbers: expected {"ids": [...]} or {"tokens": [...]}, by name'],
    [[[1, 2]], 'inputs[0] is a list of numbers: expected {"ids": [...]}'],
    [["a", 2], "inputs[1] is 2: expected a text"],
    [[["a", null]], "inputs[0][1] is None: expected a token by name, a text or a number"],
    [{ tokens: [] }, 'input["tokens"] is []: expected'],
  ],
  codes: [
    [["a b", "c"], "input is a list of strings with 'a b': expected {\"tokens\": [...]} for a row"],
    [["a", true], "inputs[1] is True: expected a text"],
  ],
  huggingface: [
    ["a b", "token ids: its tokenizer is one of Hugging Face. Install the package tokenizers"],
    [["a b"], "inputs[0] is a text: this model takes tokens by name or token ids"],
  ],
};

/** Inputs of the same meaning, by the kind of the model. */
const SAME: Readonly<Record<string, readonly [one: unknown, other: unknown][]>> = {
  ids: [[[1, 2], { tokens: [1, 2] }], [[[1, 2], [3]], [{ ids: [1, 2] }, { ids: [3] }]]],
  words: [[["ha 7", "he"], [{ text: "ha 7" }, { text: "he" }]], [[["ha", 7.0, 2.5]], { tokens: ["ha", "7", "2.5"] }]],
  codes: [[["ha", 7], { text: "ha 7" }], [[7, 9], { tokens: ["7", "9"] }], [[["ha"], "he ho"], [["ha"], ["he", "ho"]]]],
};

optionalTest(withoutPytorch, {
  name: "model.py refuses fields with the words of the product, and reads one object a line",
  fn: () =>
    withPython(
      `
  sys.path[0], single, listed, fields = question
  import model
  loaded = model.load(sys.path[0])
  answer = []
  for one in single + [[fields, one] for one in listed]:
    try:
      answer.append(f"{loaded.predict(one)} was not refused")
    except TypeError as error:
      answer.append(str(error))`,
      (ask) =>
        eachExport("safetensors", async (folder, inputs, expected) => {
          // A list has rows.
          const single = REFUSED_FIELDS.filter((input) => !Array.isArray(input));
          const said: string[] = JSON.parse(await ask([folder, single, REFUSED_FIELDS, inputs[0]]));
          const own = fieldMessages("input").filter((_, at) => !Array.isArray(REFUSED_FIELDS[at]));
          assertEquals(said, [...own, ...fieldMessages("inputs[1]")]);
          const lines = [...inputs.map((input) => JSON.stringify(input)), "", "a text", "{", "{}"];
          const { answers, code } = await askPython(folder, new TextEncoder().encode(`${lines.join("\n")}\n`));
          assertEquals(code, 2);
          assertSame(answers.slice(0, inputs.length), expected);
          const wanted = "expected an object such as {";
          const errors: string[] = answers.slice(inputs.length).map(({ error }) => error);
          ['line 10 is "": ', 'line 11 is "a text": ', 'line 12 is "{": '].forEach((begin, at) => {
            assertStringIncludes(errors[at]!, begin + wanted);
          });
          assertStringIncludes(errors[3]!, "line 13.subject is missing: expected a text");
          const asked = await askPython(folder, new Uint8Array(), [JSON.stringify(inputs[0])]);
          assertSame(asked.answers, expected.slice(0, 1));
        }, [ofColumns[0]!]),
    ),
});

optionalTest(withoutPytorch, {
  name: "model.py writes numbers as JavaScript does",
  fn: () =>
    inTemporaryDirectory((folder) =>
      withPython(
        `
  sys.path[0], samples = question
  import model
  answer = [model.digits_of(number) for number in samples]`,
        async (ask) => {
          await Deno.writeTextFile(join(folder, "model.py"), modelPy);
          const samples = [0, -0, 1, -1.5, 1e20, 1e21, 123456789012345680000, 1e-6, 1e-7, 1.25e-7, 5e-324, 2 ** 53];
          samples.push(...fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 2000, seed: 3 }));
          samples.push(...fc.sample(fc.float({ noNaN: true, noDefaultInfinity: true }), { numRuns: 500, seed: 4 }));
          assertEquals(JSON.parse(await ask([folder, samples])), samples.map(String));
        },
      )
    ),
});

/** The tokenizers of the fixture and the texts that Hugging Face's own library cut there. */
const TOKENIZERS = await (async () => {
  const text = await Deno.readTextFile(new URL("../../fixtures/tokenizers.jsonl", import.meta.url));
  const [first, ...cases] = text.trim().split("\n").map((line) => JSON.parse(line));
  const models: unknown[] = first.models;
  const tokenizers = cases.map(({ tokenizer }): PreprocessingJson["tokenizer"] => ({
    kind: "huggingface",
    tokenizer: { ...tokenizer, model: models[tokenizer.model] },
  }));
  const texts: string[] = first.texts;
  return { texts, tokenizers };
})();

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
            [3, 'line 3["ids"] is []: expected a text, or a'],
            [4, "line 4[\"ids\"][0] is 'x': expected a token "],
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
      assertMatch(
        said,
        /^error: input is a text: this model takes tokens by name or token ids: this run is of an old/,
      );
      const at = inputs.findIndex((input) => Array.isArray(input) && input[0] === "ha");
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

optionalTest(pythonAbsence("torch", "tokenizers"), {
  name: "model.py cuts texts by the library of Hugging Face as the product does",
  fn: () =>
    inTemporaryDirectory((folder) =>
      withPython(
        `
  sys.path[0], preprocessing, texts = question
  import model
  sequences = [model.HuggingFaceReader(preprocessing)(text) for text in texts]
  answer = [[sequence, sequence.unknown, sequence.truncated] for sequence in sequences]`,
        async (ask) => {
          await Deno.writeTextFile(join(folder, "model.py"), modelPy);
          const texts = [...TOKENIZERS.texts, "a\ud83d the", "\ude00"];
          for (const tokenizer of [...TOKENIZERS.tokenizers, WHITE_SPACE]) {
            const cutter = createTokenizer(tokenizer, 2);
            const spans = new Spans();
            const tokens = texts.map((text) => {
              cutter.cut(text, spans);
              return spans.strings();
            });
            const all = new Set(tokens.flat().filter((token) => token !== undefined));
            const some = [...all].filter((_, index) => index % 3 > 0);
            const options = { tokenizer, vocabulary: some, truncate: "start", rules: 2 } as const;
            for (const maxLength of [5, 1000]) {
              const preprocessing: PreprocessingJson = { ...options, maxLength };
              const { encode } = openPreprocessing(preprocessing);
              const found: [number[], (string | null)[], boolean][] = JSON.parse(
                await ask([folder, preprocessing, texts]),
              );
              texts.forEach((text, at) => {
                const { tokens: ids, truncated } = encode(text);
                const read = tokens[at]!.slice(-maxLength);
                const unknown = read.filter((token) => token === undefined || !some.includes(token));
                const names = read.length === 0 ? [null] : unknown.map((token) => token ?? null);
                assertEquals(found[at], [[...ids], names, truncated], JSON.stringify([tokenizer, text]));
              });
            }
          }
        },
      )
    ),
});

optionalTest(pythonAbsence("torch", "tokenizers"), {
  name: "model.py takes texts for a Hugging Face tokenizer where its library is installed",
  fn: () =>
    eachExport("safetensors", async (folder, inputs, expected) => {
      const asked = [...inputs.keys()].filter((at) => typeof inputs[at] === "string" || isFields(inputs[at]!));
      const lines = asked.map((at) => `${JSON.stringify(questionOf(inputs[at]!))}\n`);
      const { answers, code } = await askPython(folder, new TextEncoder().encode(lines.join("")));
      assertEquals(code, 0);
      assertSame(answers, asked.map((at) => expected[at]!));
    }, [ofPieces, ofColumnPieces]),
});
