import { assertEquals } from "@std/assert";
import { modelText, nextCommands } from "../../lib/report/outcome.ts";

Deno.test("nextCommands() quotes a folder that a shell would split or change", () => {
  const [predict] = nextCommands("my runs/it's $HOME", { isFinal: true, isServed: false });
  assertEquals(predict, `deno task predict 'my runs/it'\\''s $HOME' "your text"`);
  assertEquals(nextCommands("runs/a", { isFinal: false, isServed: false }), ["deno task resume runs/a"]);
  const tasks = (isServed: boolean) =>
    nextCommands("runs/a", { isFinal: true, isServed }).map((command) => command.split(" ")[2]);
  assertEquals([tasks(true), tasks(false)], [
    ["predict", "evaluate", "export", "check"],
    ["predict", "evaluate", "export", "serve", "check"],
  ]);
});

Deno.test("modelText() names the parts that count", () => {
  const percent = (share: number) => `${100 * share}%`;
  assertEquals([0, 0.25, 1].map((share) => modelText(share, undefined, percent)), [
    "only the n-grams, which the LSTM does not improve",
    "LSTM and n-grams combined, 25% LSTM and 75% n-grams",
    "only the LSTM, which n-grams do not improve",
  ]);
});
