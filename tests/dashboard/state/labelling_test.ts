import { assertEquals, assertStringIncludes } from "@std/assert";
import { Refusal } from "../../../dashboard/api.ts";
import {
  actionOf,
  choicesOf,
  guessesOf,
  itemOf,
  type KeyAction,
  MOST_CHOICES,
  problemText,
  toggled,
} from "../../../dashboard/state/labelling.ts";

const FEW = ["account", "billing", "bug"];
const MANY = [
  "cancel",
  "card lost",
  "card_stolen",
  "discard",
  "exchange",
  "fee",
  "lost card",
  "pin",
  "refund",
  "top up",
];

const labelsOf = (given: Partial<Parameters<typeof choicesOf>[0]>) =>
  choicesOf({ labels: MANY, guesses: [], typed: "", recent: [], ...given }).map(({ label }) => label);

Deno.test("choicesOf() keeps a few labels in their order, not in that of the guesses", () => {
  const guesses = [{ label: "bug", probability: 0.5 }, { label: "account", probability: 0.25 }];
  const choices = choicesOf({ labels: FEW, guesses, typed: "", recent: ["billing"] });
  assertEquals(choices.map(({ label, probability }) => [label, probability]), [
    ["account", 0.25],
    ["billing", undefined],
    ["bug", 0.5],
  ]);
});

Deno.test("choicesOf() lists the guesses of many labels first, then recent ones, one a digit", () => {
  const guesses = [{ label: "top up", probability: 0.5 }, { label: "pin", probability: 0.25 }];
  const labels = labelsOf({ guesses, recent: ["refund", "pin"] });
  assertEquals(labels, ["top up", "pin", "refund", "cancel", "card lost", "card_stolen", "discard", "exchange", "fee"]);
  assertEquals(labels.length, MOST_CHOICES);
});

Deno.test("choicesOf() finds a typed text at the beginning of labels, then of words, then within", () => {
  assertEquals(labelsOf({ typed: " CARD" }), ["card lost", "card_stolen", "lost card", "discard"]);
  assertEquals(labelsOf({ typed: "lost card" }), ["lost card"]);
  assertEquals(labelsOf({ typed: "stolen" }), ["card_stolen"]);
  assertEquals(labelsOf({ typed: "nothing like it" }), []);
  // A whole label comes before those that begin with it.
  assertEquals(labelsOf({ labels: ["card lost", "card"], typed: "card" }), ["card", "card lost"]);
});

Deno.test("guessesOf() ranks the labels of a prediction, and says which it gives", () => {
  assertEquals(guessesOf({ class: 1, label: "billing", probabilities: [0.2, 0.7, 0.1] }, FEW), {
    guesses: [
      { label: "billing", probability: 0.7 },
      { label: "account", probability: 0.2 },
      { label: "bug", probability: 0.1 },
    ],
    given: ["billing"],
  });
  const several = { class: null, label: null, labels: [{ label: "bug", probability: 0.6 }], probabilities: [0.4, 0.6] };
  assertEquals(guessesOf(several, ["account", "bug"]).given, ["bug"]);
  assertEquals(guessesOf({ class: null, label: null, probabilities: [1] }, ["account"]).given, []);
});

Deno.test("itemOf() identifies a row by its JSON", () => {
  const rest = { guesses: [], given: [] };
  assertEquals(itemOf({ text: "a" }, rest).key, itemOf({ text: "a" }, rest).key);
  assertEquals(itemOf({ text: "a" }, rest).key === itemOf({ text: "b" }, rest).key, false);
});

Deno.test("actionOf() knows digits, Enter, s, u and Ctrl+Z, and leaves letters to the field", () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  const cases: [key: string, change: Partial<typeof plain>, action: KeyAction | undefined][] = [
    ["1", {}, { choose: 0 }],
    ["9", {}, { choose: 8 }],
    ["0", {}, undefined],
    ["Enter", {}, "confirm"],
    ["s", {}, "skip"],
    ["u", {}, "undo"],
    ["S", { shiftKey: true }, "find"],
    ["b", {}, "find"],
    ["ж", {}, "find"],
    ["/", {}, "find"],
    ["z", { ctrlKey: true }, "undo"],
    ["z", { metaKey: true }, "undo"],
    ["z", { ctrlKey: true, shiftKey: true }, undefined],
    ["s", { ctrlKey: true }, undefined],
    ["1", { altKey: true }, undefined],
    ["Tab", {}, undefined],
    [" ", {}, undefined],
    ["toString", {}, undefined],
  ];
  for (const [key, change, action] of cases) assertEquals(actionOf({ ...plain, key, ...change }), action, key);
});

Deno.test("toggled() adds a label, and removes one that is there", () => {
  assertEquals(toggled(["a"], "b"), ["a", "b"]);
  assertEquals(toggled(["a", "b"], "a"), ["b"]);
});

Deno.test("problemText() says what happened to the label, and how to continue", () => {
  const text = (status: number) => problemText(new Refusal("no room for more", [], status), "The label was not saved");
  assertEquals(
    text(503),
    "The label was not saved: no room for more. Nothing that you typed is lost: try again.",
  );
  assertEquals(text(507), text(503));
  assertEquals(text(409), "The label was not saved: no room for more.");
  for (const status of [401, 403]) {
    assertStringIncludes(text(status), "as your token does not allow it: no room for more.");
    assertStringIncludes(text(status), "load the page again, with another token");
  }
  assertStringIncludes(problemText(new TypeError("fetch failed"), "x"), "x: the server does not answer.");
});
