import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ENDLESS, latestOf, run, start, TINY, withFolder } from "../process.ts";

const runFlags = (folder: string) => [...TINY, "--port", "0", "--runs-dir", folder];

Deno.test("train --exit prints epochs, digest and directory, and writes a whole run", () =>
  withFolder(async (folder) => {
    const { code, stdout, stderr } = await run("train", folder, [...runFlags(folder), "--epochs", "3", "--exit"]);
    assertEquals([code, stderr], [0, ""]);
    const lines = stdout.trim().split("\n");
    assertMatch(lines[0]!, /^Dashboard: http:\/\/127\.0\.0\.1:\d+$/);
    assertEquals(
      lines.filter((line) => /^Epoch 0\d - Loss: \d\.\d{4} - Accuracy: \d+\.\d\d% - Validation: /.test(line)).length,
      3,
    );
    const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
    assertEquals(lines.at(-1), `Run:        ${folder}/${summary.run}`);
    assertStringIncludes(stdout, `Digest:     ${summary.digest}`);
    assertEquals([summary.epochs, summary.rounds, summary.sequences], [3, 12, 12 * 4 * 16]);
    const files = [...Deno.readDirSync(`${folder}/${summary.run}`)].map(({ name }) => name).sort();
    assertEquals(files, ["checkpoints", "events.jsonl", "model", "run.json", "summary.json"]);
  }));

Deno.test("train --preset seed prints 50 lines in the notebook's format", () =>
  withFolder(async (folder) => {
    const { code, stdout } = await run("train", folder, [
      ...["--preset", "seed", "--exit", "--port", "0", "--runs-dir", folder, "--hidden", "8", "--embedding", "4"],
    ]);
    assertEquals(code, 0);
    const epochs = stdout.split("\n").filter((line) => line.startsWith("Epoch"));
    assertEquals(epochs.length, 50);
    // A batch of 50 has accuracies of whole steps of 2 %.
    epochs.forEach((line, index) => {
      const number = String(index + 1).padStart(2, "0");
      assertMatch(line, new RegExp(`^Epoch ${number} - Loss: \\d\\.\\d{4} - Accuracy: \\d?\\d?[02468]\\.00%$`));
    });
  }));

Deno.test("train gives the same digest for 1, 2 and 4 workers", () =>
  withFolder(async (folder) => {
    const digests = [];
    for (const workers of ["1", "2", "4"]) {
      await run("train", folder, [...runFlags(folder), "--epochs", "2", "--exit", "--workers", workers]);
      const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
      assertEquals(summary.workers, Number(workers));
      digests.push(summary.digest);
    }
    assertEquals(new Set(digests).size, 1);
  }));

Deno.test("train --log json prints the events of the log and nothing else on standard output", () =>
  withFolder(async (folder) => {
    const { stdout, stderr } = await run("train", folder, [
      ...runFlags(folder),
      ...["--epochs", "2", "--exit", "--log", "json"],
    ]);
    const logged = await Deno.readTextFile(`${await latestOf(folder)}/events.jsonl`);
    assertEquals(stdout, logged);
    assertStringIncludes(stderr, "Dashboard: ");
  }));

Deno.test("train takes a config file, over which flags win", () =>
  withFolder(async (folder) => {
    const file = `${folder}/run.json`;
    await Deno.writeTextFile(file, JSON.stringify({ seed: 5, epochs: 9, shards: 2 }));
    await run("train", folder, [...runFlags(folder), "--config", file, "--epochs", "1", "--exit"]);
    const { config } = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/run.json`));
    assertEquals([config.seed, config.epochs, config.shards], [5, 1, 2]);
  }));

Deno.test("train ends with 2 and one line a problem for bad input, and makes no run", () =>
  withFolder(async (folder) => {
    const cases: [string[], string[]][] = [
      [["--sed", "3"], ["Unknown flag --sed: did you mean --seed?"]],
      [["--seed", "x"], ['--seed is "x": expected a number']],
      [["--hidden", "0", "--average", "sum"], [
        "--hidden is 0: expected at least 1",
        '--average is "sum": expected weights or gradients',
      ]],
      [["--workers", "8"], ["--workers is 8: expected at most one per shard, and --shards is 4"]],
      [["--seed"], ["--seed has no value: expected one after it"]],
      [[`${folder}/tickets.csv`], [`Cannot read "${folder}/tickets.csv": there is no such file`]],
      [["--data", folder], [`Cannot read "${folder}": it is a folder, expected a file of rows`]],
      [["--lr", "0.1", "--label", "x"], [
        "Unknown flag --lr: did you mean --letter-rows or --learning-rate?",
        "Unknown flag --label: did you mean --label-column or --labels or --label-separator?",
      ]],
      [["--validation", "20"], ["--validation is 20: expected at most 0.9, as a fraction: 0.2 for 20%"]],
      [["--preset", "sead"], ["Unknown preset sead: did you mean seed?"]],
      [["--config", `${folder}/none.json`], [`Cannot read the config file "${folder}/none.json"`]],
    ];
    for (const [args, problems] of cases) {
      const { code, stdout, stderr } = await run("train", folder, [...args, "--runs-dir", `${folder}/runs`]);
      assertEquals([code, stdout], [2, ""], stderr);
      const lines = stderr.trim().split("\n");
      assertEquals(lines.length, problems.length, stderr);
      problems.forEach((problem, index) => assertStringIncludes(lines[index]!, `error: ${problem}`));
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("train names the port that is taken and makes no run", () =>
  withFolder(async (folder) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = String(listener.addr.port);
    const { code, stderr } = await run("train", folder, ["--port", port, "--runs-dir", folder]);
    listener.close();
    assertEquals(code, 2);
    assertStringIncludes(stderr, `127.0.0.1:${port}: the port is taken. Set --port to 0`);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("train asked for a runs directory that it may not write says so", () =>
  withFolder(async (folder) => {
    const { code, stderr } = await run("train", folder, ["--port", "0", "--runs-dir", "/forbidden/runs"]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, 'Cannot write to the runs directory "/forbidden/runs"');
    assert(!stderr.includes("    at "), "no stack trace");
  }));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`train ends cleanly on ${signal}: round finished, run complete, exit 0`, () =>
    withFolder(async (folder) => {
      const process = start("train", folder, [...runFlags(folder), ...ENDLESS]);
      await process.printed(/^Epoch 0*2 /m);
      process.signal(signal);
      const { code, stdout, stderr } = await process.finished;
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, "Ending after this round: asked to stop");
      const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
      assertEquals(summary.reason, "asked to stop");
      assertStringIncludes(stdout, summary.digest);
    }));
}

Deno.test("train --max-seconds ends after the round that passes it", () =>
  withFolder(async (folder) => {
    const { code } = await run("train", folder, [
      ...runFlags(folder),
      ...["--target-accuracy", "0", "--epochs", "1000000", "--max-seconds", "0.5", "--exit"],
    ]);
    assertEquals(code, 0);
    const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
    assertEquals(summary.reason, "time is up");
  }));
