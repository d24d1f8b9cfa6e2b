import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { pathMarks, pathsIn, pathValue, withPaths } from "../../lib/config/paths.ts";
import { configPaths, configSchema } from "../../lib/config/schema.ts";

/** Lists the texts of the config that are not files. A new key is listed here or marked as a path. */
const NO_PATHS = [
  "chaos",
  "checkpointEvery",
  "cluster",
  "corsOrigin",
  "publicUrl",
  "redact",
  "trustProxy",
  "delimiter",
  "extendedAfter",
  "columns",
  "groupColumn",
  "host",
  "labelColumn",
  "labelSeparator",
  "name",
  "node",
  "note",
  "tags",
  "textColumn",
  "timeColumn",
  "thresholdFor",
];

/** Tells whether a value of `schema` may be or contain any text. */
function isFree(schema: z.core.JSONSchema._JSONSchema): boolean {
  if (typeof schema === "boolean") return schema;
  const parts = [...schema.anyOf ?? [], ...schema.items && !Array.isArray(schema.items) ? [schema.items] : []];
  return schema.type === "string" && schema.enum === undefined && schema.const === undefined || parts.some(isFree);
}

Deno.test("every free text of the config is marked as a path, or listed as another text", () => {
  const properties = Object.entries(z.toJSONSchema(configSchema, { io: "input" }).properties ?? {});
  const free = properties.filter(([, schema]) => isFree(schema)).map(([key]) => key);
  assertEquals(free.toSorted(), [...configPaths.keys(), ...NO_PATHS].toSorted());
  // Words of a description that speak of files: a second check besides the list above.
  for (const [key, schema] of properties) {
    const speaks = typeof schema === "object" && /\b(file|folder|path|directory) (of|with|to|in)\b|, or the path of/
      .test(schema.description ?? "");
    if (speaks && free.includes(key)) assert(configPaths.has(key), `${key} speaks of a file and is not marked`);
  }
});

Deno.test("pathsIn() and withPaths() find texts and lists of texts, but no words or numbers", () => {
  const schema = z.strictObject({
    list: pathValue(z.array(z.string())),
    one: pathValue(z.union([z.number(), z.string()]), { kind: "file", words: ["auto"] }),
    empty: pathValue(z.string()),
    other: z.string(),
  });
  const marked = pathMarks(schema);
  const values = { list: ["a", 3, "-"], one: "x", empty: "", other: "o", unknown: "u" };
  assertEquals(pathsIn(values, marked).map(({ field, path }) => [field, path]), [
    ["list[0]", "a"],
    ["list[2]", "-"],
    ["one", "x"],
  ]);
  assertEquals(pathsIn({ one: "auto" }, marked), []);
  assertEquals(pathsIn({ one: 0.1, list: undefined }, marked), []);
  const changed = withPaths(values, marked, new Map([["list[0]", "/a"], ["one", "/x"]]));
  assertEquals(changed, { ...values, list: ["/a", 3, "-"], one: "/x" });
});
