import { assertEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";
import { FieldRow } from "../../../dashboard/runs/new_run.ts";
import type { Field } from "../../../lib/report/run_form.ts";
import { htmlOf } from "../rendered.ts";

const row = (field: Partial<Field>, text = "") =>
  htmlOf(
    h(FieldRow, {
      field: {
        label: "X",
        hint: "h",
        options: [],
        fallback: "7",
        minimum: 1,
        maximum: 9,
        name: "x",
        kind: "number",
        ...field,
      },
      files: ["a.csv"],
      text,
      isWrong: true,
      set() {},
    }),
  );

Deno.test("FieldRow is a list for a choice, else a field with the default as placeholder", () => {
  assertStringIncludes(row({}), 'type="number" min="1" max="9"');
  assertStringIncludes(row({}), 'placeholder="7"');
  assertStringIncludes(row({}), 'aria-invalid="true"');
  assertEquals(row({}).includes("datalist"), false);
  assertStringIncludes(row({ kind: "choice", options: ["a", "b"] }), 'default: 7</option><option value="a">');
});

Deno.test("FieldRow offers the server's files, in a list behind those that are chosen", () => {
  assertStringIncludes(row({ name: "data", kind: "list" }), '<datalist id="new-data-files"><option value="a.csv">');
  assertStringIncludes(row({ name: "data", kind: "list" }, "b.csv, "), '<option value="b.csv, a.csv">');
  assertStringIncludes(row({ name: "test", kind: "text" }, "b.csv"), '<option value="a.csv">');
});
