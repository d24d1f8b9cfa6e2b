/** Commands that need a model, about runs that have none. */
import { assertEquals, assertMatch } from "@std/assert";
import { ENDLESS, latestOf, run, start, type Task, TINY, withFolder } from "../process.ts";

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
