import { assertEquals } from "@std/assert";
import { Explainer } from "../../../dashboard/ui/reasons.ts";
import { MOST_EXPLAINED } from "../../../lib/predict/types.ts";

type Body = { readonly text: string } | { readonly instances: readonly { readonly text: string }[] };

/** Answers requests with reasons that name their text, or refuses all. Returns the texts of each request. */
async function served(isBusy: boolean, body: (asked: readonly string[][]) => Promise<void>): Promise<string[][]> {
  const { fetch } = globalThis;
  const asked: string[][] = [];
  let open = 0;
  globalThis.fetch = async (_, init) => {
    const given: Body & { explain: boolean } = JSON.parse(String(init?.body));
    const texts = ("instances" in given ? given.instances : [given]).map(({ text }) => text);
    assertEquals([given.explain, ++open], [true, 1]);
    asked.push(texts);
    await Promise.resolve();
    open--;
    if (isBusy) return Response.json({ title: "busy" }, { status: 503 });
    return Response.json({ predictions: texts.map((label) => ({ reasons: { label } })) });
  };
  try {
    await body(asked);
    return asked;
  } finally {
    globalThis.fetch = fetch;
  }
}

Deno.test("Explainer asks for texts on screen once, one request after the other within the bound", async () => {
  const explainer = new Explainer();
  const texts = Array.from({ length: 2 * MOST_EXPLAINED + 3 }, (_, at) => `text ${at}`);
  const asked = await served(false, async () => {
    const all = texts.map((text) => explainer.show(text, true));
    void explainer.show("text 2", false);
    await Promise.all(all);
    await explainer.show("text 0", true);
  });
  assertEquals(asked.flat(), texts.filter((text) => text !== "text 2"));
  assertEquals(Math.max(...asked.map((some) => some.length)), MOST_EXPLAINED);
  assertEquals([explainer.of("text 9").value?.label, explainer.of("text 2").value], ["text 9", undefined]);
});

Deno.test("Explainer stops at a server that refuses, and asks again when a text returns", async () => {
  const explainer = new Explainer();
  const asked = await served(true, async () => {
    await Promise.all(["a", "b", "c"].map((text) => explainer.show(text, true)));
    assertEquals(explainer.of("a").value, undefined);
    await explainer.show("a", true);
  });
  assertEquals(asked, [["a"], ["a"]]);
});
