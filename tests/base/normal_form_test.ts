import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { labelForm, normalForm } from "../../lib/base/normal_form.ts";
import { anyCharacter } from "../data/any_character.ts";

const texts: [what: string, text: string, form: string][] = [
  ["plain words", "Free entry, don't!", "Free entry, don't!"],
  ["Latin letters in composed form", "pâté jalapeño ÀÿǼ", "pâté jalapeño ÀÿǼ"],
  ["separate accents", "pa\u0302te\u0301", "pâté"],
  ["accents in any order", "q\u0307\u0323", "q\u0323\u0307"],
  ["separate Korean letters", "\u1112\u1161\u11AB", "한"],
  ["characters with a canonical equivalent", "\u212B \u2126", "Å Ω"],
  ["letters that only look alike", "ﬁ ² ℌ", "ﬁ ² ℌ"],
  ["soft hyphens", "tele\u00ADpho\u00ADne", "telephone"],
  ["zero-width spaces and joiners", "a\u200Bb\u200Cc\u200Dd\u2060e\uFEFFf", "abcdef"],
  ["marks of direction", "\u200Eabc\u200F \u202Adef\u202C \u2066g\u2069\u061C", "abc def g"],
  ["variation selectors", "\u2764\uFE0F \u2764\uFE0E", "\u2764 \u2764"],
  ["an accent after an invisible character", "e\u200D\u0301 e\u034F\u0301", "é é"],
  ["tags, and fillers", "a\u{E0061}b\u3164c\uFFA0d", "abcd"],
  ["Persian with and without joiners", "نمی\u200Cشود", "نمیشود"],
  ["a family", "👨\u200D👩\u200D👧", "👨👩👧"],
  ["white space", " a\u00A0b\u3000c\n", " a\u00A0b\u3000c\n"],
];
for (const [what, text, form] of texts) {
  Deno.test(`normalForm() normalizes ${what}`, () => assertEquals(normalForm(text), form));
}

const labels: [what: string, label: string, form: string][] = [
  ["space around it", " a b\t\u00A0", "a b"],
  ["invisible characters around it", "\u200B\uFEFF good\u2060 \u200E", "good"],
  ["a soft hyphen and separate accents", "pre\u0301\u00ADfe\u0301re\u0301", "préféré"],
  ["a joiner in a word", "می\u200Cخواهم", "می\u200Cخواهم"],
  ["a joiner that joins nothing", "\u200Dgood\u200C", "good"],
  ["emoji of several characters", "👨\u200D👩 ❤\uFE0F", "👨\u200D👩 ❤\uFE0F"],
  [
    "flags",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
  ],
  ["only invisible characters", " \u200B\u200D ", ""],
];
for (const [what, label, form] of labels) {
  Deno.test(`labelForm() normalizes ${what}`, () => assertEquals(labelForm(label), form));
}

Deno.test("normalForm() and labelForm() return visible NFC, and change nothing the second time", () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 40 }), (text) => {
      const form = normalForm(text);
      assertEquals(form, form.normalize("NFC"));
      assert(!/\p{Default_Ignorable_Code_Point}/u.test(form));
      assertEquals(normalForm(form), form);
      assertEquals(normalForm(text.normalize("NFD")), form);
      const label = labelForm(text);
      assertEquals([labelForm(label), label.trim(), label.normalize("NFC")], [label, label, label]);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("normalForm() and labelForm() keep up to 64 accents, and take linear time for more", () => {
  const marks = "\u0316\u0301";
  const most = `a${marks.repeat(32)}`;
  for (const form of [normalForm, labelForm]) {
    assertEquals(form(most), most.normalize("NFC"));
    // Sorting so many would take hours.
    assertEquals(form(`${`a${marks.repeat(2 ** 20)}`} b`), `${most.normalize("NFC")} b`);
    assertEquals(
      form(`a${marks.repeat(40)} ${"\u{1D165}".repeat(99)}b`),
      `${most.normalize("NFC")} ${"\u{1D165}".repeat(64)}b`,
    );
  }
});
