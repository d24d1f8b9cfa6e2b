import { assertAlmostEquals } from "@std/assert";
import { createCombiner } from "../../lib/ngrams/combine.ts";
import { plainCombination, sparseOf, tinyHashed, tinyLinear } from "./tiny_ngrams.ts";

const known = ["a", "bee", "see", "dee", "e", "f", "gee", "aitch", "i", "jay"];
const models = {
  "words with letters": tinyLinear({ order: 2, hasEnds: false }, known, true, 3),
  "sparse words": sparseOf(tinyLinear({ order: 2, hasEnds: false }, known, true, 3)),
  "characters, two classes": tinyLinear({ order: 5, hasEnds: true }, known, false, 2),
  "hashed n-grams": tinyHashed({ order: 4, tokens: 12, features: 76 }, 3),
};

for (const [name, ngrams] of Object.entries(models)) {
  Deno.test(`createCombiner() mixes the n-grams of a row into the LSTM's probabilities: ${name}`, () => {
    const combine = createCombiner(ngrams);
    const rows = { tokens: [9, 9, 4, 2, 3, 3, 3, 0, 11, 5], offsets: [0, 2, 7, 7, 10] };
    for (let row = 0; row < 4; row++) {
      const lstm = [0.5, 0.125, 0.375].slice(0, ngrams.model.classes);
      const probabilities = Float32Array.from(lstm);
      combine(probabilities, rows, row);
      const plain = plainCombination(ngrams, lstm, rows, row);
      plain.forEach((value, k) => assertAlmostEquals(probabilities[k]!, value, 1e-6));
    }
  });
}
