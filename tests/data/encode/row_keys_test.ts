import { assertEquals, assertNotEquals } from "@std/assert";
import { rowKeys } from "../../../lib/data/encode/row_keys.ts";
import { createTokenizer } from "../../../lib/data/tokenizers/create_tokenizer.ts";
import { Spans } from "../../../lib/data/tokenizers/tokenizer.ts";

const words = createTokenizer({ kind: "words", lowercase: true, punctuation: "keep" });

Deno.test("rowKeys() gives equal keys exactly to rows with the same tokens", () => {
  const keyOf = rowKeys(words);
  const key = keyOf("where is my parcel");
  assertEquals(["  where is\tmy\r\nparcel ", "Where is MY parcel"].map((text) => keyOf(text)), [key, key]);
  assertEquals(keyOf(["where", "is", "my", "parcel"]), key);
  const spans = new Spans();
  words.cut("where is my parcel", spans);
  assertEquals(keyOf("where is my parcel", spans), key);
  for (
    const other of ["whereis my parcel", "where is my", "", ["where is my parcel"], ["Where", "is", "my", "parcel"]]
  ) {
    assertNotEquals(keyOf(other), key, String(other));
  }
  for (const json of [{ kind: "words", lowercase: false, punctuation: "keep" }, { kind: "codes" }] as const) {
    const keyOf = rowKeys(createTokenizer(json));
    assertNotEquals(keyOf("Where is my parcel"), keyOf("where is my parcel"), json.kind);
  }
});

Deno.test("rowKeys() hashes the text if tokens may have no strings", () => {
  const unknown = (_: string, spans: Spans) => {
    spans.reset("");
    spans.push(-1, 0);
  };
  const keyOf = rowKeys({ json: { kind: "huggingface", tokenizer: {} }, cut: unknown });
  const spans = new Spans();
  unknown("", spans);
  assertNotEquals(keyOf("one", spans), keyOf("two", spans));
  assertEquals(keyOf("one", spans), keyOf("one"));
});

Deno.test("rowKeys() distinguishes a million similar rows, short and long", () => {
  const keyOf = rowKeys(words);
  const keys = new Set<number>();
  const tail = " with the same words after it, like lines of a log";
  for (let at = 0; at < 500_000; at++) {
    keys.add(keyOf(at.toString(36)));
    keys.add(keyOf(`${at % 1000} ${Math.floor(at / 1000)}${tail}`));
  }
  assertEquals(keys.size, 1_000_000);
  assertEquals([...keys].every((key) => Number.isSafeInteger(key) && key >= 0), true);
});
