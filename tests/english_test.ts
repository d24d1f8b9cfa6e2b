import { assert, assertEquals } from "@std/assert";
import { CHECKED, findIn, findPhrases } from "./english_rules.ts";
import { testFiles } from "./suite/groups.ts";

for (const path of CHECKED) {
  Deno.test(`${path} has no phrase that the project does not use`, () => assertEquals(findIn(path), []));
}

Deno.test("CHECKED has all folders that people read", () => {
  const folders = [...Deno.readDirSync(new URL("../", import.meta.url))]
    .filter(({ name, isDirectory }) =>
      isDirectory && !["runs", "node_modules", "coverage", "dist", "compat", ".git"].includes(name)
    );
  assertEquals(folders.map(({ name }) => name).filter((name) => !CHECKED.includes(name)), []);
});

Deno.test("names of tests have at most 90 characters", () => {
  const long = [...testFiles()].flatMap(([path, text]) =>
    [...text.matchAll(/\bDeno\.test\(\s*"([^"]{91,})"/g)].map(([, name]) => `${path}: ${name}`)
  );
  assertEquals(long, []);
});

/** Sentences of the earlier README and docs, with the phrases that the rules find in them. */
const OLD_SENTENCES: [sentence: string, ...phrases: string[]][] = [
  ["A run that is killed goes on to the very same weights; so does one that loses a worker.", "goes on", "the very"],
  ["`deno task resume runs/latest` goes on from there to the very\nweights of a run.", "goes on", "the very"],
  ["The weights of a run that nothing disturbed.", "that nothing disturbed"],
  ["Run X is what it says: 7 recorded states are the same.", "is what it says"],
  ["The notebook that this began with, to the letter (50 epochs).", "to the letter"],
  ["A model is trained beside it, so that you see what the LSTM earns.", "earns"],
  ["Three more data sets that make themselves.", "data sets that make themselves"],
  ["`evaluate` judges a finished model by other rows.", "judges"],
  ["`main.ts` is the composition root and alone knows every part.", "alone"],
  ["On standard input: what there is to say.", "there is to say"],
  ["Held out: the held-out loss.", "Held out", "held-out"],
  ["The figures of the table come from two runs.", "figures"],
  ["Whoever stops the process should wait.", "Whoever", "Whoever"],
  ["Pauses and stops are wishes in shared memory.", "wishes"],
  ["404 where it makes its own data.", "makes its own data"],
  ["Lower terms are not heeded.", "heeded"],
  ["A worker that is slower for a while holds nobody up.", "nobody"],
  ["Rounds that are done again come to the same.", "come to"],
  ["It is told in one line. Who comes back with the id gets 204.", "is told", ". Who comes"],
  ["- Whatever is saved is written aside.", "Whatever", "Whatever", "written aside"],
  ["What is wrong with the values is said at once.", "What"],
  ["Codes: what stands between white space, as it is.", "as it is"],
  ["Another machine than those that there are.", "that there are"],
];

Deno.test("findPhrases() finds the phrases of earlier pages", () => {
  for (const [sentence, ...phrases] of OLD_SENTENCES) {
    assertEquals(findPhrases("x.md", sentence).map(({ text }) => text).toSorted(), phrases.toSorted(), sentence);
  }
});

Deno.test("findPhrases() reads comments and messages of code, over line ends, and no names", () => {
  const code = [
    "/** What the process ends with. */",
    "const judgement = figures.alone; // Of one run, as it",
    "// is.",
    'fail("Nobody answers"); read("judgement.json"); // Reads `judgement`.',
  ];
  const found = findPhrases("x.ts", code.join("\n")).map(({ line, text }) => `${line}: ${text}`);
  assertEquals(found, ["1: What", "2: as it is", "2: Of", "4: Nobody"]);
});

Deno.test("findPhrases() lets plain English pass", () => {
  const plain = [
    "A killed run resumes to exactly the same weights.",
    "Evaluate on new rows: metrics of the validation set.",
    "What next? See [your data](data.md).",
    'The process exits with 0 → `tests/x_test.ts`: "what nobody heeds, as it is".\n\n```text\nHeld out: 0.1\n```',
    "`heldOut` in `summary.json`, whatever the number of workers.",
  ];
  for (const sentence of plain) assertEquals(findPhrases("x.md", sentence), [], sentence);
  assert(findPhrases("x.md", "A claim.\n\nNobody knows.").length === 1);
});
