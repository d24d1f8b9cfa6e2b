/**
 * Generates sessions in a web shop: JSON lines `{"tokens": ["home", "search", …], "label": "buys"}` on standard output.
 *
 *     deno run examples/clickstream.ts > sessions.jsonl
 *
 * The order of events decides: a visitor who looks at delivery after filling the cart buys, and one who compares products
 * after that leaves. The set of events says little, so a model of single events or pairs does not find the rule.
 */
import { createDraw, print } from "./draw.ts";

const ROWS = 6000;
const BEFORE = ["home", "search", "category", "product", "product", "reviews", "compare", "delivery", "sale", "blog"];

const draw = createDraw(22);

function session(): { readonly tokens: readonly string[]; readonly label: string } {
  const browse = (count: number) => Array.from({ length: count }, () => draw.one(BEFORE));
  const tokens = [...browse(2 + draw.below(12)), "cart", ...browse(1 + draw.below(12))];
  const cart = tokens.indexOf("cart");
  // The later one of the two after the cart decides.
  const after = tokens.slice(cart + 1);
  const buys = after.lastIndexOf("delivery") > after.lastIndexOf("compare");
  return { tokens, label: buys !== draw.chance(0.02) ? "buys" : "leaves" };
}

let text = "";
for (let row = 0; row < ROWS; row++) text += `${JSON.stringify(session())}\n`;
await print(text);
