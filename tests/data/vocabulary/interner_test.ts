import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Interner, textOf, unitsOf } from "../../../lib/data/vocabulary/interner.ts";
import { ProvisionalTokens } from "../../../lib/data/vocabulary/provisional.ts";
import { anyCharacter } from "../any_character.ts";

const add = (interner: Interner, text: string) => interner.add(unitsOf(text), 0, text.length);
const find = (interner: Interner, text: string) => interner.find(unitsOf(text), 0, text.length);

Deno.test("Interner numbers strings like a Map, and returns them", () => {
  const strings = fc.array(fc.string({ unit: anyCharacter, maxLength: 4 }), { maxLength: 60 });
  fc.assert(fc.property(strings, (texts) => {
    const interner = new Interner();
    const map = new Map<string, number>();
    for (const text of texts) {
      assertEquals(find(interner, text), map.get(text) ?? -1);
      if (!map.has(text)) map.set(text, map.size);
      assertEquals(add(interner, text), map.get(text));
    }
    assertEquals(interner.size, map.size);
    for (const [text, entry] of map) assertEquals(interner.text(entry), text);
  }));
});

Deno.test("Interner stores 100,000 strings and one of 100,000 units", () => {
  const interner = new Interner();
  const texts = [...Array.from({ length: 100_000 }, (_, index) => `word${index}`), "é".repeat(100_000)];
  assertEquals(texts.map((text) => add(interner, text)), texts.map((_, index) => index));
  assertEquals(texts.map((text) => find(interner, text)), texts.map((_, index) => index));
  assertEquals(texts.map((_, index) => interner.text(index)), texts);
});

Deno.test("unitsOf() and textOf() are inverses, lone surrogates included", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "\uD83D", "\uDC4D", "漢") }), (text) => {
    assertEquals(textOf(unitsOf(text), 0, text.length), text);
  }));
});

Deno.test("ProvisionalTokens forgets the rarest half of too many, and never reuses an id", () => {
  const tokens = new ProvisionalTokens(8);
  const add = (text: string) => tokens.add(unitsOf(text), 0, text.length);
  const frequent = ["a", "b", "c"];
  const ids = frequent.map(add);
  assertEquals(frequent.map(add), ids);
  const rare = Array.from({ length: 6 }, (_, index) => add(`rare ${index}`));
  assertEquals(tokens.forgotten, 6);
  assertEquals(frequent.map(add), ids);
  const again = add("rare 0");
  assertEquals(new Set([...ids, ...rare, again]).size, 10);
  assertEquals(
    tokens.strings(new Set([...ids, ...rare, again])),
    new Map([...ids.map((id, i) => [id, frequent[i]!] as const), [again, "rare 0"]]),
  );
  assertEquals(Array.from(tokens.known()).filter((known) => known === 1).length, 4);
  assertEquals(tokens.add(unitsOf("x"), -1, 0), 1);
});
