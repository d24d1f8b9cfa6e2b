import { assert, assertEquals, assertRejects } from "@std/assert";
import { crossValidate, InputError, type Row } from "../../mod.ts";
import { soon } from "../serve/http/reading.ts";

/** Returns 60 rows of two classes; that at `wrong` has the label of the other class. */
function rowsWith(wrong: number): Row[] {
  return Array.from({ length: 60 }, (_, row) => {
    const isShipping = row % 2 === 0;
    const text = isShipping ? `parcel late w${row}` : `invoice refund v${row}`;
    return { text, label: isShipping === (row !== wrong) ? "shipping" : "billing" };
  });
}

Deno.test("crossValidate() finds a wrong label among rows in memory, and reports its progress", async () => {
  const shares: number[] = [];
  const onProgress = (share: number) => void shares.push(share);
  const found = await soon(crossValidate({ data: rowsWith(18), folds: 3, seed: 4, onProgress }), "a cross-validation");
  assertEquals([found.rows, found.folds.length, found.accuracy], [60, 3, 59 / 60]);
  assertEquals(found.suspects.examples.map(({ place, text, label }) => ({ place, text, label })), [
    { place: "data[18]", text: "parcel late w18", label: "billing" },
  ]);
  assertEquals(found.findings.map(({ place }) => place), Array.from({ length: 60 }, (_, row) => `data[${row}]`));
  assertEquals(found.findings.findIndex(({ isSuspect }) => isSuspect), 18);
  assert(found.findings.every(({ label, likely }, row) => (label === likely) === (row !== 18)));
  assert(shares.every((share) => share >= 0 && share <= 1));
});

Deno.test("crossValidate() refuses other options, wrong folds and bad rows, and ends at a signal", async () => {
  const data = rowsWith(3);
  for (
    const [options, message] of [
      [{ data, folds: 1 }, "folds is 1: expected a whole number from 2 to 20"],
      [{ data, epochs: 3 }, "epochs is no option of a cross-validation"],
      [{ data, minCount: 0 }, "minCount is 0"],
      [{ data: [...data, { text: "x" }] }, "data[60] "],
      [{ data: data.slice(0, 4), folds: 5 }, "4 rows cannot be divided into 5 folds"],
    ] as const
  ) {
    await assertRejects(
      () => soon(crossValidate(options as Parameters<typeof crossValidate>[0]), "a refusal"),
      InputError,
      message,
    );
  }
  const stopped = new Error("enough");
  await assertRejects(
    () => soon(crossValidate({ data, signal: AbortSignal.abort(stopped) }), "a stop"),
    Error,
    "enough",
  );
});

Deno.test("crossValidate() finds a missing label of rows that may have several", async () => {
  const words = { late: "parcel courier delay", refund: "invoice money repaid" };
  const data = Array.from({ length: 80 }, (_, row) => {
    const own = (["late", "refund"] as const).filter((_, at) => (row >> at) % 2 === 0);
    const text = `${own.map((label) => words[label]).join(" ")} w${row % 9}`;
    return { text, label: row === 40 ? ["refund"] : own };
  });
  const found = await soon(crossValidate({ data, seed: 2 }), "a cross-validation");
  assert(found.microF1! > 0.95 && found.macroF1 > 0.95, `${found.microF1}`);
  const worst = found.findings.toSorted((a, b) => a.probability - b.probability)[0]!;
  assertEquals([worst.place, worst.label, worst.labels], ["data[40]", "refund", ["refund"]]);
  assert(worst.likelyProbability > 0.5 && worst.likelyProbability === 1 - worst.probability);
  assertEquals([found.findings[0]!.label, found.findings[3]!.label], ["late, refund", "no label"]);
  assert(found.findings.every(({ likelyLabels }) => Array.isArray(likelyLabels)));
});
