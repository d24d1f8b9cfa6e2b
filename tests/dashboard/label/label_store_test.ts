import { assertEquals, assertStringIncludes } from "@std/assert";
import { LabelStore } from "../../../dashboard/label/label_store.ts";
import type { Prediction, Predictor } from "../../../lib/predict/types.ts";
import { observed } from "../../../lib/predict/uncertain.ts";
import type { App } from "../../../lib/serve/pipeline/shell.ts";
import { fakeApp, modelInfo, predictorOf, preprocessing, textPredictor } from "../../serve/fakes.ts";
import { FakeLabelling } from "../fake_labelling.ts";

const TEXTS = ["refund", "please", "crash"];

/** Calls `use` with the state of a page of an app, whose requests `answer` may replace. */
async function labelling(
  use: (labels: LabelStore, page: { gone: boolean; readonly asked: string[]; run: string }) => Promise<void>,
  fake = new FakeLabelling(modelInfo.labels, TEXTS),
  { predictor = textPredictor(), mayPredict = true }: { predictor?: Predictor; mayPredict?: boolean } = {},
): Promise<void> {
  const page = { gone: false, asked: new Array<string>(), run: modelInfo.run };
  const appOf = (run: string): App => {
    const renamed = { ...predictor, model: async () => ({ ...await predictor.model(), run }) };
    const asked = fake.uncertain ? observed(renamed, fake.uncertain) : renamed;
    return fakeApp({ services: { predictor: asked, labelling: fake } }).app;
  };
  const { fetch } = globalThis;
  globalThis.fetch = (path, init) => {
    page.asked.push(`${init?.method} ${path}`);
    if (page.gone) return Promise.reject(new TypeError("fetch failed"));
    return appOf(page.run).request(`/${path}`, init);
  };
  sessionStorage.clear();
  try {
    const collects = { uncertain: fake.uncertain !== undefined };
    const labels = new LabelStore({ ...await predictor.model(), collects }, mayPredict);
    await labels.load();
    await use(labels, page);
  } finally {
    globalThis.fetch = fetch;
    sessionStorage.clear();
  }
}

const textOf = ({ item }: LabelStore) => item.value?.row["text"];

Deno.test("LabelStore shows the least sure text first, sends its label and shows the next", () => {
  const fake = new FakeLabelling(modelInfo.labels, TEXTS);
  return labelling(async (labels) => {
    assertEquals([textOf(labels), labels.left.value, labels.count.value], ["refund", 3, 0]);
    labels.who.value = " ann ";
    await labels.label(["even"]);
    assertEquals([textOf(labels), labels.left.value, labels.count.value], ["please", 2, 1]);
    await labels.label(["new"]);
    await labels.load();
    assertEquals([textOf(labels), labels.left.value, labels.count.value], ["crash", 1, 2]);
    assertEquals(fake.rows, [{ text: "refund", label: "even", who: "ann" }, {
      text: "please",
      label: "new",
      who: "ann",
    }]);
    assertEquals(labels.labels.value, ["odd", "even", "new"]);
    assertEquals(labels.recent.value, ["new", "even"]);
    await labels.label(["odd"]);
    assertEquals([textOf(labels), labels.said.value], [undefined, "Labelled: odd."]);
  }, fake);
});

Deno.test("LabelStore takes a label back, shows its text again, and then the one that was shown", () => {
  const fake = new FakeLabelling(modelInfo.labels, TEXTS);
  return labelling(async (labels) => {
    await labels.label(["even"]);
    await labels.label(["odd"]);
    await labels.undo();
    assertEquals([textOf(labels), fake.rows.length, labels.count.value], ["please", 1, 1]);
    await labels.undo();
    assertEquals([textOf(labels), fake.rows, labels.labelled.value], ["refund", [], []]);
    await labels.undo();
    // The server has forgotten both.
    await labels.load();
    assertEquals(labels.left.value, 3);
    await labels.label(["odd"]);
    assertEquals(textOf(labels), "please");
    await labels.load();
    assertEquals(labels.left.value, 2);
    assertEquals(fake.rows, [{ text: "refund", label: "odd" }]);
  }, fake);
});

Deno.test("LabelStore keeps a text that the server does not take, and says why", () => {
  const fake = new FakeLabelling(modelInfo.labels, TEXTS);
  return labelling(async (labels, page) => {
    page.gone = true;
    labels.typed.value = "some label";
    await labels.label(["some label"]);
    assertStringIncludes(labels.problem.value, "The label was not saved: the server does not answer.");
    // It is more important than that nothing can be read.
    await labels.load();
    assertStringIncludes(labels.problem.value, "The label was not saved");
    assertEquals([textOf(labels), labels.typed.value, fake.rows], ["refund", "some label", []]);
    page.gone = false;
    fake.refused = "full";
    await labels.label(["some label"]);
    assertStringIncludes(labels.problem.value, "there is no room for more examples");
    fake.refused = undefined;
    await labels.label(["some label"]);
    assertEquals([labels.problem.value, textOf(labels), fake.rows.length], ["", "please", 1]);
    page.gone = true;
    await labels.undo();
    assertStringIncludes(labels.problem.value, "The label was not removed");
    assertEquals([textOf(labels), labels.labelled.value.length], ["please", 1]);
  }, fake);
});

Deno.test("LabelStore says that texts cannot be read, until they can", () =>
  labelling(async (labels, page) => {
    page.gone = true;
    await labels.load();
    assertStringIncludes(labels.problem.value, "The texts were not read: the server does not answer");
    page.gone = false;
    await labels.load();
    assertEquals(labels.problem.value, "");
  }));

Deno.test("LabelStore does not remove an example of another run, whose ids are others", () => {
  const fake = new FakeLabelling(modelInfo.labels, TEXTS);
  return labelling(async (labels, page) => {
    await labels.label(["even"]);
    page.run = "another";
    await labels.undo();
    assertEquals(labels.problem.value, "The label was not removed: the server has the model of run another now.");
    assertEquals(fake.rows.length, 1);
    // A run that the server itself has trained has the same examples.
    fake.retraining = { after: 10, examples: 1, training: "third", last: null };
    const again = new LabelStore(labels.model.value, true);
    again.labelled.value = labels.labelled.value;
    await again.load();
    assertEquals(again.retraining.value?.examples, 1);
    page.run = "third";
    await again.undo();
    assertEquals([fake.rows, again.retraining.value?.examples], [[], 0]);
  }, fake);
});

Deno.test("LabelStore leaves skipped texts for later", () =>
  labelling(async (labels) => {
    for (const text of ["refund", "please", "crash"]) {
      assertEquals(textOf(labels), text);
      labels.skip();
      await labels.load();
    }
    assertEquals([textOf(labels), labels.skipped.value.length, labels.left.value], [undefined, 3, 0]);
    labels.again();
    assertEquals(textOf(labels), "refund");
  }));

Deno.test("LabelStore sends one label at a time", () => {
  const fake = new FakeLabelling(modelInfo.labels, TEXTS);
  return labelling(async (labels) => {
    await Promise.all([labels.label(["even"]), labels.label(["odd"])]);
    assertEquals([fake.rows, textOf(labels)], [[{ text: "refund", label: "even" }], "please"]);
  }, fake);
});

Deno.test("LabelStore takes a typed text, and keeps it in its field until it is labelled", () => {
  const fake = new FakeLabelling(modelInfo.labels, []);
  return labelling(async (labels, page) => {
    assertEquals(textOf(labels), undefined);
    await labels.take();
    assertEquals(labels.problem.value, "Type a text first");
    labels.texts.value = ["refund please"];
    await labels.take();
    assertEquals([textOf(labels), labels.item.value!.guesses.length, labels.problem.value], ["refund please", 2, ""]);
    labels.skip();
    assertEquals([textOf(labels), labels.texts.value], [undefined, ["refund please"]]);
    // A page that is loaded again still has it.
    assertEquals(new LabelStore(labels.model.value, true).texts.value, ["refund please"]);
    await labels.take();
    page.gone = true;
    await labels.label(["odd"]);
    assertEquals(labels.texts.value, ["refund please"]);
    page.gone = false;
    await labels.label(["odd"]);
    assertEquals([fake.rows, labels.texts.value], [[{ text: "refund please", label: "odd" }], []]);
    await labels.undo();
    assertEquals([textOf(labels), labels.texts.value], ["refund please", ["refund please"]]);
  }, fake);
});

Deno.test("LabelStore asks only for what the token opens, where that is for labels", () =>
  labelling(
    async (labels, page) => {
      labels.texts.value = ["refund"];
      await labels.take();
      assertEquals([textOf(labels), labels.item.value!.guesses], ["refund", []]);
      await labels.label(["odd"]);
      await labels.undo();
      const paths = new Set(page.asked.map((one) => one.replace(/\?.*|\d+/, "")));
      assertEquals(paths.has("POST predict"), false);
      assertEquals([...paths].toSorted(), [
        "DELETE examples/",
        "GET examples",
        "GET model",
        "GET uncertain",
        "POST examples",
      ]);
    },
    new FakeLabelling(modelInfo.labels, []),
    { mayPredict: false },
  ));

Deno.test("LabelStore begins with the labels that a model of several gives, and sends a list", () => {
  const several = (): Prediction => ({ class: null, label: null, labels: [], probabilities: [0.6, 0.3] });
  const predictor = predictorOf({ ...modelInfo, text: true, several: true }, several, preprocessing);
  const given = { class: null, label: null, labels: [{ label: "even", probability: 0.6 }] };
  const fake = new FakeLabelling(modelInfo.labels, ["refund", "crash"], given);
  return labelling(
    async (labels) => {
      assertEquals(labels.picked.value, ["even"]);
      await labels.label(["even", "odd"]);
      await labels.label([]);
      assertEquals(fake.rows.map(({ label }) => label), [["even", "odd"], []]);
      await labels.undo(1);
      assertEquals([textOf(labels), labels.picked.value], ["refund", ["even", "odd"]]);
    },
    fake,
    { predictor },
  );
});
