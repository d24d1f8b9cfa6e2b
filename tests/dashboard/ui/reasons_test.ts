import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { ReasonsView } from "../../../dashboard/ui/reasons.ts";
import { htmlOf, textOf } from "../rendered.ts";

const reasons = {
  label: "<b>bug</b>",
  against: "billing",
  logOdds: 1.5,
  rest: 0.5,
  tokens: [{ token: "it", weight: 2, start: 1, end: 3 }, { token: "", weight: 0 }, {
    token: "crashes",
    weight: -1,
    start: 4,
    end: 11,
  }],
  ngrams: [],
};

Deno.test("ReasonsView shows the whole text, with shades by what each token adds", () => {
  const html = htmlOf(h(ReasonsView, { text: "<It crashes>", reasons }));
  assertStringIncludes(html, '&lt;<span class="reason " title="+2.00" style="--share: 100">It</span> ');
  assertStringIncludes(html, '<span class="reason against" title="−1.00" style="--share: 50">crashes</span>>');
  assertStringIncludes(html, "&lt;b>bug&lt;/b> rather than billing: log-odds +1.50");
});

Deno.test("ReasonsView shows tokens by their names where there is no text", () => {
  const shown = textOf(h(ReasonsView, { text: undefined, reasons }));
  assertEquals(shown.startsWith("it crashes"), true, shown);
});
