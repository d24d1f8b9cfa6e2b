/** Commands that need a model, about runs that have none, and models without their runs. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, writeFile } from "node:fs/promises";
import { evaluateCommand } from "../../../lib/cli/commands/evaluate.ts";
import { wholeModel } from "../../../lib/predict/trained_model.ts";
import { readModel } from "../../../lib/run/files/model_files.ts";
import { encodeModel } from "../../../lib/standalone/model_file.ts";
import { ENDLESS, latestOf, run, start, type Task, TINY, withFolder } from "../process.ts";
import { ask, withModel, WORDS } from "../saved_model.ts";
import { fakeTerminal } from "../terminal/fake_terminal.ts";

const commands: [Task, string[]][] = [
  ["serve", ["--port", "0"]],
  ["predict", ["1", "2", "3", "4", "5", "6", "7", "8"]],
  ["evaluate", ["--data", "-"]],
  ["export", ["--to", "tfjs"]],
];

async function refused(folder: string, directory: string, reason: RegExp): Promise<void> {
  for (const [command, more] of commands) {
    const { code, stdout, stderr } = await run(command, folder, [directory, ...more]);
    assertEquals([code, stdout], [2, ""], command);
    assertMatch(stderr, reason, command);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  }
}

Deno.test("commands say that a run without a model is in training, was interrupted or failed", () =>
  withFolder(async (folder) => {
    const flags = [...TINY, "--port", "0", "--runs-dir", folder];
    const training = start("train", folder, [...flags, ...ENDLESS]);
    await training.printed(/^Epoch 0*1 /m);
    const killed = await latestOf(folder);
    await refused(folder, killed, /^error: Run "[\w-]+" has no model yet: another process is training it\. Wait until/);
    training.signal("SIGKILL");
    await training.finished;
    const then = `Resume it with: deno task resume ${killed}\n`;
    await refused(
      folder,
      killed,
      new RegExp(`^error: Run "[\\w-]+" has no model: its training was interrupted\\. ${then}`),
    );

    const failing = await run("train", folder, [...flags, "--chaos", "kill=1", "--max-restarts", "0"]);
    assertEquals(failing.code, 1);
    const reason = /^error: Run "[\w-]+" has no model: its training failed \(.+\)\. Resume it with: deno task resume /;
    await refused(folder, await latestOf(folder), reason);

    await run("train", folder, [...flags, "--epochs", "1", "--exit"]);
    const whole = await latestOf(folder);
    await Deno.remove(`${whole}/model/weights.bin`);
    await refused(folder, whole, /^error: Run "[\w-]+" has no model: .*weights\.bin/);
  }));

/** Gives `use` a run and the small model of it, in a folder of its own. */
function withFile(use: (folder: string, run: string, file: string) => Promise<void>): Promise<void> {
  return withModel(WORDS, async (folder, run) => {
    const file = `${folder}/web/model.lockstep`;
    await mkdir(`${folder}/web`);
    await writeFile(file, await encodeModel(wholeModel(await readModel(run)), { packed: true }));
    await use(folder, run, file);
  }, { change: { vocabulary: 8, length: 4 } });
}

Deno.test("predict and evaluate take an exported model, or its folder, without its run", () =>
  withFile(async (folder, directory, file) => {
    const { end, out } = await ask([directory, "the", "kettle"]);
    const label = /^Class: \S+/.exec(out)![0];
    for (const path of [file, `${folder}/web`]) {
      const said = await ask([path, "the", "kettle"]);
      assertEquals([said.end, said.notes], [end, []]);
      assertStringIncludes(said.out, label);
    }
    const rows = `${folder}/rows.csv`;
    await writeFile(rows, "text,label\nthe kettle,odd\nlamp was broken,even\n");
    const evaluated = async (...args: readonly string[]) => {
      const terminal = fakeTerminal();
      await evaluateCommand([...args, "--data", rows], { terminal, input: new ReadableStream() });
      return terminal.stdout();
    };
    const written = (await evaluated(directory)).split("\n").slice(-2)[0];
    assertEquals(written, `Written to ${directory}/evaluation.json`);
    const report = await evaluated(file);
    assertMatch(report, /2 rows/);
    assertEquals(report.includes("Written to"), false);
    await evaluated(file, "--out", `${folder}/metrics.json`);
    const { rows: count, trainedOn } = JSON.parse(await Deno.readTextFile(`${folder}/metrics.json`));
    assertEquals([count, trainedOn], [2, undefined]);
    await writeFile(file, "no model");
    assertEquals(
      await ask([`${folder}/web`, "the"]).catch((error) => error.reason),
      "it is no model.lockstep: " +
        "another beginning is expected",
    );
  }));

Deno.test("commands that need a run say what takes an exported model", () =>
  withFile(async (folder, _, file) => {
    for (const task of ["export", "resume", "verify"] as const) {
      const { code, stderr } = await run(task, folder, [file, ...task === "export" ? ["--to", "js"] : []]);
      const message = `error: "${file}" is a model without its run: expected a run. predict, evaluate and serve take ` +
        "both\n";
      assertEquals([code, stderr], [2, message], task);
    }
  }));

Deno.test("serve answers by an exported model, without the page, and collects no examples for it", () =>
  withFile(async (folder, _, file) => {
    const refusal = await run("serve", folder, [file, "--collect", "--port", "0"]);
    assertEquals(refusal.code, 2);
    assertMatch(refusal.stderr, /^error: --collect is set: expected the folder of a run/);
    const serving = start("serve", folder, [file, "--port", "0"]);
    const [, base] = /^Serving run r1 without its page on (http:\S+) until/.exec(
      await serving.printed(/interrupted\n/),
    )!;
    const answer = await fetch(`${base}/predict`, { method: "POST", body: '{"text":"the kettle"}' });
    assertEquals((await answer.json()).run, "r1");
    for (const path of ["", "/runs"]) {
      const { status, body } = await fetch(base + path);
      await body?.cancel();
      assertEquals(status, 404);
    }
    serving.signal("SIGTERM");
    assertEquals((await serving.finished).code, 0);
  }));
