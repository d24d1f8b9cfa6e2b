import { assertEquals } from "@std/assert";
import {
  answersCsv,
  asCurl,
  asTypeScript,
  parseTokens,
  questionsOf,
  randomTokens,
  textOf,
} from "../../../dashboard/state/question.ts";

Deno.test("parseTokens() reads numbers and leaves words for the server to refuse", () => {
  assertEquals(parseTokens(" 1, 2  3\n4.5 -6 "), [1, 2, 3, 4.5, -6]);
  assertEquals(parseTokens("7 seven NaN"), [7, "seven", "NaN"]);
  assertEquals(parseTokens("  "), []);
});

Deno.test("randomTokens() is a valid sequence at both ends of the random range", () => {
  assertEquals(randomTokens(3, 50, () => 0), [0, 0, 0]);
  assertEquals(randomTokens(3, 50, () => 1 - Number.EPSILON), [49, 49, 49]);
});

Deno.test("questionsOf() is one question, or one per line, and none for an empty text", () => {
  assertEquals(questionsOf("a\n\n b", { text: true }, false), [{ text: "a\n\n b" }]);
  assertEquals(questionsOf("a\n\n b", { text: true }, true), [{ text: "a" }, { text: "b" }]);
  assertEquals(questionsOf("1 2\n3", { text: false }, true), [{ tokens: [1, 2] }, { tokens: [3] }]);
  for (const isPerLine of [true, false]) assertEquals(questionsOf(" \n ", { text: true }, isPerLine), []);
});

Deno.test("questionsOf() reads fields as JSON, and leaves other texts for the server to refuse", () => {
  const model = { text: true, columns: [{ name: "text", kind: "text" }, { name: "amount", kind: "number" }] as const };
  const row = '{"text":"a","amount":null}';
  const [question, other] = questionsOf(`${row}\nhello`, model, true);
  assertEquals([question, other], [{ text: "a", amount: null }, { text: "hello" }]);
  assertEquals([textOf(question!), textOf(other!), textOf({ tokens: [1, "b"] })], [row, "hello", "1 b"]);
});

Deno.test("asCurl() quotes a text for the shell, and asTypeScript() sends the same body", () => {
  const questions = [{ text: "it's" }];
  assertEquals(asCurl(questions, "http://h/predict"), `curl http://h/predict -d '{"text":"it'\\''s"}'`);
  assertEquals(asTypeScript(questions, "http://h/predict").includes(`JSON.stringify({"text":"it's"})`), true);
  const several = asCurl([{ tokens: [1] }, { tokens: [2] }], "http://h/predict");
  assertEquals(several, `curl http://h/predict -d '{"instances":[{"tokens":[1]},{"tokens":[2]}]}'`);
});

Deno.test("answersCsv() quotes texts, and joins the labels of an answer with several", () => {
  const rejected = { class: 0, label: "x", probability: 0.6, threshold: 0.9 };
  const predictions = [
    { class: 1, label: "y", probabilities: [0.25, 0.75] },
    { class: null, label: null, rejected, probabilities: [0.6, 0.4] },
    {
      ...{ class: null, label: null, probabilities: [0.8, 0.7] },
      labels: [{ label: "x", probability: 0.8 }, { label: "y", probability: 0.7 }],
    },
  ];
  assertEquals(
    answersCsv([{ text: 'a "b", c' }, { tokens: [1, 2] }, { text: "d" }], predictions),
    'text,label,probability\n"a ""b"", c","y",0.75\n"1 2","",0.6\n"d","x|y",0.8\n',
  );
});
