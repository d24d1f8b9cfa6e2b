import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Span } from "../../../lib/data/tokenizers/huggingface/find.ts";
import { compilePattern } from "../../../lib/data/tokenizers/huggingface/pattern.ts";

/** An expression in the syntax of tokenizer.json, and the same one in that of JavaScript. */
interface Both {
  readonly own: string;
  readonly script: string;
}

let atomic = 0;

/** Draws expressions over a few letters, with every supported construct. */
const expressions = fc.letrec<{ any: Both; atom: Both }>((tie) => ({
  any: fc.array(fc.array(tie("atom"), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }).map(
    (choices) => {
      const join = (of: keyof Both) => choices.map((parts) => parts.map((part) => part[of]).join("")).join("|");
      return { own: join("own"), script: join("script") };
    },
  ),
  atom: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom("a", "b", "[ab]", "[^a]", ".", "\\p{L}").map((set): Both => ({ own: set, script: set })),
    fc.tuple(
      tie("any"),
      fc.constantFrom("?:", "?=", "?!", "?<=", "?<!", "?>"),
      fc.constantFrom("", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}", "*+", "++", "?+"),
    ).map(([{ own, script }, kind, quantifier]): Both => {
      const isPossessive = /.\+$/.test(quantifier);
      const plain = isPossessive ? quantifier.slice(0, -1) : quantifier;
      const once = (inner: string) => `(?:(?=(?<n${atomic}>${inner}))\\k<n${atomic++}>)`;
      const part = kind === "?>" ? once(script) : `(${kind}${script})`;
      return {
        own: `(${kind}${own})${quantifier}`,
        script: isPossessive ? once(`${part}${plain}`) : `${part}${plain}`,
      };
    }),
  ),
}));

/** Compiles a pattern; undefined for one that is refused with a SyntaxError. */
function supported(pattern: string): ((text: string) => readonly Span[]) | undefined {
  try {
    return compilePattern(pattern);
  } catch (error) {
    assert(error instanceof SyntaxError, String(error));
    return undefined;
  }
}

Deno.test("compilePattern() finds the same matches as JavaScript with backtracking", () => {
  let compared = 0;
  const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c", "\n", "😀"), maxLength: 9 }), {
    minLength: 5,
  });
  fc.assert(
    fc.property(expressions.any, texts, ({ own, script }, texts) => {
      const find = supported(own);
      if (!find) return;
      const expression = new RegExp(script, "gv");
      for (const text of texts) {
        const expected = Array.from(
          text.matchAll(expression),
          ({ index, 0: { length } }): Span => [index, index + length],
        );
        assertEquals(find(text), expected, `${own} in ${JSON.stringify(text)}`);
      }
      compared++;
    }),
    { numRuns: 2000 },
  );
  assert(compared > 200, `${compared} patterns were compared`);
});

const MANY = 1_000_000;
const AS = "a".repeat(MANY);

// Backtracking would take 2^n or n² steps, and never end.
for (
  const [pattern, text, expected] of [
    ["(a+)+b", AS, []],
    ["(a|a)*b", AS, []],
    ["a{0,30}a{30}b", AS, []],
    ["a*a*a*b", AS, []],
    ["a+b", AS, []],
    ["a(?=a*b)", AS, []],
    ["(?<=a*)b", AS + "b", [[MANY, MANY + 1]]],
    ["(?<!ba*)b", AS + "b", [[MANY, MANY + 1]]],
    ["(?>a+)b|c", AS + "c", [[MANY, MANY + 1]]],
    ["a++b|(?=(?:a|aa)+c)a+", AS + "c", [[0, MANY]]],
    ["\\s+(?!\\S)|\\s+", " ".repeat(MANY) + "x", [[0, MANY - 1], [MANY - 1, MANY]]],
  ] as const
) {
  Deno.test(`compilePattern() reads a long text in linear time with ${pattern}`, () => {
    assertEquals(compilePattern(pattern)(text), expected.map(([start, end]): Span => [start, end]));
  });
}

Deno.test("compilePattern() refuses patterns with too many states, or nested too deeply", () => {
  const refused = (pattern: string, what: string) => assertThrows(() => compilePattern(pattern), SyntaxError, what);
  refused("a{1,9999}", "more than 1000 characters and repetitions");
  refused("((a{1,99}){1,99}){1,99}", "more than 1000 characters and repetitions");
  refused("(".repeat(100_000) + "a" + ")".repeat(100_000), "more than 100 nested groups");
});
