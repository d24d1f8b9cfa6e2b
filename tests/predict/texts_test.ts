import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { PreprocessingJson } from "../../lib/data/encode/preprocessing.ts";
import { Unavailable } from "../../lib/predict/types.ts";
import { soon } from "../serve/http/reading.ts";
import { config, model, tinyPredictor } from "./tiny_predictor.ts";

const words: PreprocessingJson = {
  tokenizer: { kind: "words", lowercase: true, punctuation: "keep" },
  vocabulary: ["refund", "please"],
  maxLength: config.length,
  truncate: "end",
};

/** Uses the patterns of JavaScript, by the first rules: this pattern takes 2^n steps for n times "a". */
const endless: PreprocessingJson = {
  ...words,
  vocabulary: ["a"],
  tokenizer: {
    kind: "huggingface",
    config: {},
    tokenizer: {
      model: { type: "WordLevel", vocab: { "[UNK]": 0, a: 1 }, unk_token: "[UNK]" },
      normalizer: null,
      pre_tokenizer: { type: "Split", pattern: { Regex: "(a+)+b" }, behavior: "Isolated", invert: false },
      post_processor: null,
      decoder: null,
      added_tokens: [],
    },
  },
};

const trained = (preprocessing: PreprocessingJson) => ({
  run: "r1",
  config,
  labels: model.dataset.labels,
  preprocessing,
});

Deno.test("ThreadPredictor reads texts and tokens by name, and says how much is unknown or truncated", async () => {
  using tiny = tinyPredictor({ model: trained(words) });
  const { reader } = tiny.predictor;
  const inputs = [
    reader.readText("Please, refund!", "text"),
    reader.readTokens(["refund", "please"], "tokens"),
    reader.readTokens(["refund", 7, "a", "b", "c", "d"], "tokens"),
    reader.readText("refund please refund please refund", "text"),
  ];
  const { predictions } = await soon(tiny.predictor.predict(inputs), "an answer");
  assertEquals(predictions.map(({ unknownShare, truncated }) => [unknownShare, truncated]), [
    [0.5, false],
    [0, false],
    [0.75, true],
    [0, true],
  ]);
  using ids = tinyPredictor();
  const byIds = await soon(ids.predictor.predict([[3, 1, 2, 1], [2, 3], [2, 1, 1, 1], [2, 3, 2, 3]]), "an answer");
  assertEquals(
    predictions.map(({ probabilities }) => probabilities),
    byIds.predictions.map((one) => one.probabilities),
  );
});

Deno.test("a text that a tokenizer cannot finish costs only its thread", async () => {
  using tiny = tinyPredictor({ model: trained(endless), limits: { timeoutMs: 3000, batchMax: 1 } });
  const ask = (text: string) => tiny.predictor.predict([tiny.predictor.reader.readText(text, "text")]);
  // A slow machine may take longer than the deadline to start a thread.
  const answer = async (text: string) => {
    for (;;) {
      try {
        return await ask(text);
      } catch (error) {
        assert(error instanceof Unavailable);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  await soon(answer("a"), "the start");
  const before = tiny.predictor.statistics().restarts;
  await assertRejects(() => ask("a".repeat(1000)), Unavailable, "did not answer within 3 s");
  assertEquals((await soon(answer("a"), "the next thread")).predictions[0]!.unknownShare, 0);
  assert(tiny.predictor.statistics().restarts > before);
});

Deno.test("ThreadPredictor explains texts without n-grams too, and bounds how many wait", async () => {
  using tiny = tinyPredictor({ model: trained(words), limits: { queueMax: 300 } });
  const { predictor } = tiny;
  const [text, other] = [predictor.reader.readText("Please refund", "text"), predictor.reader.readText("!", "text")];
  const { predictions: [first, second] } = await soon(predictor.predict([text, other], { explain: true }), "reasons");
  const { label, against, logOdds, rest, tokens } = first!.reasons!;
  const [least, most] = first!.probabilities.toSorted((a, b) => a - b).slice(-2);
  assertEquals([label, against !== label], [first!.label, true]);
  assertAlmostEquals(logOdds, Math.log(most! / least!), 1e-4);
  assertAlmostEquals(tokens.reduce((sum, { weight }) => sum + weight, rest), logOdds, 1e-9);
  assertEquals(tokens.map(({ token, start, end }) => [token, start, end]), [["please", 0, 6], ["refund", 7, 13]]);
  assertEquals(second!.reasons!.tokens.map(({ token }) => token), ["!"]);
  const waiting = [predictor.predict([text, other], { explain: true }), predictor.predict([text])];
  await assertRejects(() => predictor.predict([text], { explain: true }), Unavailable, "257 sequences wait");
  const [explained, plain] = await soon(Promise.all(waiting), "answers");
  assertEquals(explained!.predictions.map(({ reasons }) => reasons !== undefined), [true, true]);
  assertEquals(plain!.predictions[0]!.reasons, undefined);
});
