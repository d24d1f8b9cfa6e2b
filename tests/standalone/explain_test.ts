/** Explains answers of models of every kind, and finds the words that decide. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/base/errors.ts";
import { openSaved } from "../../lib/predict/batch_predictor.ts";
import { wholeModel } from "../../lib/predict/trained_model.ts";
import { encodeModel } from "../../lib/standalone/model_file.ts";
import { load, train } from "../../mod.ts";
import { load as loadAlone } from "../../predict.ts";
import { SMALL } from "../api/small.ts";
import { drawsOf } from "../draws.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { models, TEXTS } from "./models.ts";

for (const [name, trained] of models()) {
  if (!trained.preprocessing) continue;
  Deno.test(`Model.explain() divides the log-odds of the answer among the tokens: ${name}`, async () => {
    using model = await loadAlone(await encodeModel(wholeModel(trained)));
    const served = await openSaved(trained, 4, { explain: true });
    for (const input of [...TEXTS, ["ha", "HO", "he"], ["h", 7]]) {
      const { reasons, probabilities, class: best, rejected, unknownShare } = model.explain(input);
      const { label, against, logOdds, rest, tokens, ngrams } = reasons;
      const one = trained.labels.indexOf(label);
      assertEquals([best ?? rejected?.class ?? one, unknownShare !== undefined], [one, true]);
      // Where a row may have several labels, one is compared with its absence.
      const other = against === null ? 1 - probabilities[one]! : probabilities[trained.labels.indexOf(against)]!;
      assertEquals(against === null, trained.config.labels === "many");
      assert(label !== against && probabilities.every((value, k) => k === one || against === null || value <= other));
      assertAlmostEquals(tokens.reduce((sum, { weight }) => sum + weight, rest), logOdds, 1e-9);
      assertAlmostEquals(logOdds, Math.log(probabilities[one]! / other), 1e-4);
      assert(ngrams.length <= 20 && (trained.version.ngrams !== undefined || ngrams.length === 0));
      const [answer] = served([typeof input === "string" ? input : input.map(String)]);
      assertEquals(answer!.reasons!.tokens.map(({ token }) => token), tokens.map(({ token }) => token));
      assertAlmostEquals(answer!.reasons!.logOdds, logOdds, 1e-4);
      answer!.reasons!.tokens.forEach(({ weight }, at) => assertAlmostEquals(weight, tokens[at]!.weight, 1e-4));
    }
  });
}

Deno.test("Model.explain() refuses models of generated tasks", async () => {
  using model = await loadAlone(await encodeModel(wholeModel(models().get("ids")!)));
  assertThrows(() => model.explain([1, 2, 3, 4, 5, 6, 7, 8]), InputError, "the model was not trained on files");
});

const FILLERS = ["the", "a", "of", "to", "and", "in", "it", "is", "was", "on", "at", "by", "for", "with", "as", "we"];
const PLANTED = ["amber", "cobalt", "crimson"];

/** Returns texts of common words, one of which decides the label. */
function plantedRows(count: number, seed: number): { text: string; label: string; word: string }[] {
  const draw = drawsOf(seed);
  return Array.from({ length: count }, () => {
    const word = PLANTED[draw(PLANTED.length)]!;
    const words = Array.from({ length: 5 + draw(8) }, () => FILLERS[draw(FILLERS.length)]!);
    return { text: words.toSpliced(draw(words.length), 1, word).join(" "), label: `about ${word}`, word };
  });
}

for (const ngrams of ["combine", "none"] as const) {
  Deno.test(`explain() puts the word that decides first, and evaluate() finds it: --ngrams ${ngrams}`, () =>
    inTemporaryDirectory(async (runsDir) => {
      const data = plantedRows(400, 1).map(({ text, label }) => ({ text, label }));
      await using run = await train({ ...SMALL, data, ngrams, hidden: 8, epochs: 20, seed: 3, runsDir });
      const model = await load(run.directory, { kernels: "wasm" });
      const rows = plantedRows(100, 2);
      let first = 0;
      for (const { text, word } of rows) {
        const { label, reasons } = await model.explain(text, { reject: 0 });
        const best = reasons.tokens.toSorted((a, b) => b.weight - a.weight)[0]!;
        assertEquals(text.slice(best.start, best.end), best.token);
        if (best.token === word && label === `about ${word}`) first++;
      }
      assert(first >= 95, `The planted word comes first in ${first} of 100 rows`);
      const wrong = rows.map(({ text, word, label }) => ({ text, label: word === "amber" ? "about cobalt" : label }));
      const { decisive } = await model.evaluate(wrong, { explain: true });
      const [{ rows: mistakes, ...most }] = decisive as [NonNullable<typeof decisive>[number]];
      assertEquals(most, { token: "amber", label: "about cobalt", given: "about amber" });
      assert(mistakes >= 0.95 * rows.filter(({ word }) => word === "amber").length, `${mistakes} mistakes`);
    }));
}
