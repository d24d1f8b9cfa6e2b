import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { configSchema } from "../../../lib/config/schema.ts";
import { type DataSize, textDefaults } from "../../../lib/config/text_defaults.ts";
import { candidates } from "../../../lib/run/tuning/choices.ts";

function listed(kind: DataSize["kind"], given: readonly string[] = [], seed = 1, isSmall = false) {
  const defaults = textDefaults({ rows: 3000, tokens: 60_000, kind, hasLetters: kind === "words" });
  const config = configSchema.parse({ task: "table", data: ["rows.csv"], ...defaults, seed });
  return { config, all: candidates({ config, kind, given: new Set(given), isSmall }) };
}

Deno.test("candidates() begins with the defaults, and lists each valid config once", () => {
  for (const kind of ["words", "chars", "codes"] as const) {
    const { config, all } = listed(kind);
    assertEquals(all[0], {});
    assert(all.length > 20, kind);
    assertEquals(new Set(all.map((changes) => JSON.stringify(changes))).size, all.length);
    for (const changes of all.slice(1)) {
      assertNotEquals(configSchema.parse({ ...config, ...changes }), config);
      const differs = Object.entries(changes).some(([key, value]) => Reflect.get(config, key) !== value);
      assert(differs, JSON.stringify(changes));
    }
  }
  assertEquals(listed("codes").all.filter((changes) => "tokenizer" in changes || "lowercase" in changes), []);
});

Deno.test("candidates() changes no option that the user chose", () => {
  const given = ["epochs", "hidden", "tokenizer"];
  const { all } = listed("words", given);
  assert(all.length > 5);
  assertEquals(all.filter((changes) => given.some((key) => key in changes)), []);
});

Deno.test("candidates() is a function of its arguments; the seed decides the order of pairs", () => {
  assertEquals(listed("words").all, listed("words").all);
  const [one, other] = [listed("words").all, listed("words", [], 2).all];
  assertNotEquals(one, other);
  const single = (all: typeof one) => all.filter((changes) => Object.keys(changes).length < 2);
  assertEquals(single(one), single(other));
});
