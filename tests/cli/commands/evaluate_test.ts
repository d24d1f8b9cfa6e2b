import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { evaluateCommand } from "../../../lib/cli/commands/evaluate.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { ask, withModel, WORDS } from "../saved_model.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";

/** The model has random weights: its confidence is a little more than a half. */
const rejection = {
  threshold: 0,
  points: [{ threshold: 0, precision: 0.5, coverage: 1 }, { threshold: 1, precision: 0.8, coverage: 0.1 }],
};

async function evaluate(...args: readonly string[]): Promise<string> {
  const terminal = fakeTerminal();
  assertEquals(await evaluateCommand(args, { terminal, input: new ReadableStream() }), 0);
  return terminal.stdout();
}

Deno.test("evaluate shows coverage, what --reject leaves, and the AUROC of rows out of scope", () =>
  withModel(WORDS, async (folder, run) => {
    const [rows, others] = [`${folder}/rows.csv`, `${folder}/others.csv`];
    await Deno.writeTextFile(rows, "text,label\nthe kettle,odd\nlamp was broken,even\nlovely,odd\n");
    await Deno.writeTextFile(others, "text\nwas lovely\nbroken\n");
    const plain = await evaluate(run, "--data", rows, "--out-of-scope", others);
    assertStringIncludes(plain, "answered  accuracy  least confidence\n100.00%  ");
    assertStringIncludes(plain, "\n2 rows out of scope: AUROC ");
    const read = async () => JSON.parse(await Deno.readTextFile(`${run}/evaluation.json`));
    const { coverage, outOfScope, answered, rows: count } = await read();
    assertEquals([coverage.length, outOfScope.rows, count, answered], [3, 2, 3, undefined]);
    // Each pair of a row and one out of scope counts a sixth, and equal ones half of that.
    assert(Number.isInteger(12 * outOfScope.auroc), `${outOfScope.auroc}`);

    const rejecting = await evaluate(run, "--data", rows, "--out-of-scope", others, "--reject", "0.8");
    assertStringIncludes(
      rejecting,
      "\n0.00% of the rows are answered, 0.00% of these right; the others are less than 100",
    );
    assertStringIncludes(rejecting, ", 100.00% of them rejected\n");
    assertEquals((await read()).answered, { threshold: 1, share: 0, accuracy: 0 });

    await assertRejects(
      () => evaluate(run, "--data", rows, "--reject", "0.9"),
      InputError,
      "expected at most 0.8, the",
    );
    await assertRejects(
      () => evaluate(run, "--data", rows, "--reject", "80"),
      InputError,
      "--reject is 80: expected at most",
    );
    await assertRejects(() => evaluate(run, "--data", rows, "--out-of-scope", rows), InputError, "rows.csv");
  }, { rejection }));

Deno.test("evaluate and predict reject by the run's own threshold without --reject, and nothing at 0", () =>
  withModel(WORDS, async (folder, run) => {
    await Deno.writeTextFile(`${folder}/rows.csv`, "text,label\nthe kettle,odd\n");
    assertStringIncludes(await evaluate(run, "--data", `${folder}/rows.csv`), "0.00% of the rows are answered");
    const said = await ask([run, "the", "kettle"]);
    assert(
      /^Class: none of these, as [01] \((odd|even)\) has less than 100.00% - Probabilities: odd /.test(said.out),
      said.out,
    );
    const [none] = (await ask([run], "the kettle\n")).out.split("\n").map((line) => line && JSON.parse(line));
    assertEquals([none.class, none.label, none.rejected.threshold], [null, null, 1]);
    const [row] = (await ask([run, "--data", `${folder}/rows.csv`])).out.split("\n").map((line) =>
      line && JSON.parse(line)
    );
    assertEquals([row.label, row.rejected.threshold], [null, 1]);
    assert(/^Class: [01] \(/.test((await ask([run, "the", "kettle", "--reject", "0"])).out));
    assertStringIncludes(
      `${(await ask([run, "the", "--reject", "0.9"])).end}`,
      "expected at most 0.8, the highest precision",
    );
  }, { rejection: { ...rejection, threshold: 1 } }));
