/**
 * Sessions in a web shop, made up for this example: JSON lines `{"tokens": ["home", "search", …], "label": "buys"}` on
 * standard output.
 *
 *     deno run examples/clickstream.ts > sessions.jsonl
 *
 * Whether a visitor buys depends on order: somebody who looks at delivery after filling the cart goes on to buy, and
 * somebody who compares again after it leaves. Which events there are says little, so that a bag of them, or of their
 * pairs, does not find the rule.
 */
import { createDraw, print } from "./draw.ts";

const ROWS = 6000;
const BEFORE = ["home", "search", "category", "product", "product", "reviews", "compare", "delivery", "sale", "blog"];

const draw = createDraw(22);

function session(): { readonly tokens: readonly string[]; readonly label: string } {
  const browse = (count: number) => Array.from({ length: count }, () => draw.one(BEFORE));
  const tokens = [...browse(2 + draw.below(12)), "cart", ...browse(1 + draw.below(12))];
  const cart = tokens.indexOf("cart");
  // What counts is which of the two comes last after the cart.
  const after = tokens.slice(cart + 1);
  const buys = after.lastIndexOf("delivery") > after.lastIndexOf("compare");
  return { tokens, label: buys !== draw.chance(0.02) ? "buys" : "leaves" };
}

let text = "";
for (let row = 0; row < ROWS; row++) text += `${JSON.stringify(session())}\n`;
await print(text);
