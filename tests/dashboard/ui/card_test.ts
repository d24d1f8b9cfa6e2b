import { assertEquals, assertStringIncludes } from "@std/assert";
import { signal } from "@preact/signals";
import { h } from "preact";
import { BannerView } from "../../../dashboard/app.ts";
import { Card, Choice, Copy } from "../../../dashboard/ui/card.ts";
import { Numbers, Table } from "../../../dashboard/ui/table.ts";
import { htmlOf, textOf } from "../rendered.ts";

Deno.test("Card shows its content, or the text in place of it", () => {
  assertEquals(textOf(h(Card, { id: "a", title: "T", head: "more" }, "content")), "T more content");
  assertEquals(textOf(h(Card, { id: "a", title: "T", head: "more", empty: "None" }, "content")), "T None");
  assertStringIncludes(htmlOf(h(Card, { id: "a", title: "T", empty: "None" })), 'data-empty="None"');
});

Deno.test("Numbers is a table whose first column names the rows", () => {
  const table = { labelledBy: "a", columns: ["class", "rows"], rows: [["x", "3"], ["y", "4"]] };
  assertEquals(textOf(h(Numbers, table)), "class rows x 3 y 4");
  assertEquals([...htmlOf(h(Numbers, table)).matchAll(/<th scope="row">/g)].length, 2);
});

Deno.test("Table sorts by the column of its order, and rows without a value come last", () => {
  const columns = [
    { name: "class", cell: (row: { name: string }) => row.name },
    { name: "rows", cell: (row: { rows?: number }) => row.rows, value: (row: { rows?: number }) => row.rows },
  ];
  const rows = [{ name: "x" }, { name: "y", rows: 3 }, { name: "z", rows: 4 }];
  const order = signal({ by: "rows", isDescending: true });
  const html = htmlOf(h(Table<{ name: string; rows?: number }>, { labelledBy: "a", columns, rows, order }));
  assertEquals([...html.matchAll(/<th scope="row">(\w)/g)].map(([, name]) => name).join(""), "zyx");
  assertEquals([...html.matchAll(/<button/g)].length, 1);
  assertStringIncludes(html, 'aria-sort="descending"');
});

Deno.test("Choice checks the chosen option", () => {
  const options = [["a", "A"], ["b", "B"]] as const;
  const html = htmlOf(h(Choice<"a" | "b">, { name: "n", legend: "L", value: "b", options, choose: () => {} }));
  assertEquals(
    [...html.matchAll(/value="(\w)"([^>]*)/g)].map(([, value, rest]) => [value, rest!.includes("checked")]),
    [
      ["a", false],
      ["b", true],
    ],
  );
});

Deno.test("Copy names what it copies for screen readers, and is disabled without a text", () => {
  assertEquals(textOf(h(Copy, { text: "x", name: "the digest" }, "Copy")), "Copy the digest");
  assertStringIncludes(htmlOf(h(Copy, { text: "", name: "the digest" }, "Copy")), "disabled");
});

Deno.test("BannerView shows what is missing, what to do, and the command", () => {
  const banner = { isBad: true, text: "Failed: disk full", remedy: "Continue with", command: "deno task resume a" };
  assertEquals(
    textOf(h(BannerView, banner)),
    "Failed: disk full Continue with deno task resume a Copy deno task resume a",
  );
});
