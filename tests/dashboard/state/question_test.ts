import { assertEquals } from "@std/assert";
import {
  answersCsv,
  asCurl,
  asTypeScript,
  bodyOf,
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
  assertEquals(questionsOf(["a\n\n b"], { text: true }, false), [{ text: "a\n\n b" }]);
  assertEquals(questionsOf(["a\n\n b"], { text: true }, true), [{ text: "a" }, { text: "b" }]);
  assertEquals(questionsOf(["1 2\n3"], { text: false }, true), [{ tokens: [1, 2] }, { tokens: [3] }]);
  for (const isPerLine of [true, false]) {
    for (const texts of [[" \n "], ["", " "], []]) assertEquals(questionsOf(texts, { text: true }, isPerLine), []);
  }
});

Deno.test("questionsOf() has a value for each column, null for a missing number or category", () => {
  const kinds = { subject: "text", amount: "number", country: "category" } as const;
  const columns = Object.entries(kinds).map(([name, kind]) => ({ name, kind }));
  const ask = (...texts: string[]) => questionsOf(texts, { text: true, columns }, false)[0];
  assertEquals(ask("a\nb", " 12.50", "CH"), { subject: "a\nb", amount: 12.5, country: "CH" });
  assertEquals(ask("a"), { subject: "a", amount: null, country: null });
  assertEquals(ask("", "many", "7"), { subject: "", amount: "many", country: "7" });
  assertEquals([textOf(ask("a")!), textOf({ tokens: [1, "b"] })], [
    '{"subject":"a","amount":null,"country":null}',
    "1 b",
  ]);
});

Deno.test("bodyOf() has fields beside the options, unless one has the name of an option", () => {
  assertEquals(bodyOf([{ subject: "a", amount: 1 }]), { subject: "a", amount: 1 });
  assertEquals(bodyOf([{ subject: "a", top: "b" }]), { instances: [{ subject: "a", top: "b" }] });
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
