import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { Field, type FieldProps } from "../../../dashboard/ui/card.ts";
import { htmlOf } from "../rendered.ts";

const field = (props: Partial<FieldProps>) =>
  htmlOf(h(Field, { id: "x", label: "X", hint: "h", kind: "text", text: "", set() {}, ...props }));

Deno.test("Field is a list for a choice, else an input with a placeholder, or a text area", () => {
  const number = field({ kind: "number", placeholder: "7", more: { min: 1, max: 9 } });
  for (const part of ['type="number"', 'min="1" max="9"', 'placeholder="7"', 'step="any"', 'for="x"']) {
    assertStringIncludes(number, part);
  }
  assertEquals(number.includes("datalist"), false);
  const choice = field({ kind: "choice", options: ["a", "b"], placeholder: "none", text: "b" });
  assertStringIncludes(choice, "<option value>none</option><option");
  assertEquals([...choice.matchAll(/<option selected value="(\w)"/g)].map(([, value]) => value), ["b"]);
  assertStringIncludes(field({ kind: "prose", text: "a\nb" }), ">a\nb</textarea>");
});

Deno.test("Field offers values beside others, and says what is wrong at the input", () => {
  assertStringIncludes(field({ options: ["a.csv"] }), '<datalist id="x-list"><option value="a.csv">');
  const wrong = field({ error: "amount is 1: expected less" });
  assertStringIncludes(wrong, 'aria-invalid="true"');
  assertStringIncludes(wrong, '<span id="x-hint" class="hint"><span class="error">amount is 1: expected less</span>');
  assertEquals([field({}).includes("aria-invalid"), field({ isWrong: true }).includes("aria-invalid")], [false, true]);
});
