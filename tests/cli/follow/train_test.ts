import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { latestOf, run, start, withFolder } from "../process.ts";
import { natsTest } from "../../cluster/nats/nats_server.ts";
import { connect } from "@nats-io/transport-node";
import { streamRows } from "./stream_rows.ts";

/** Flags of runs that take a moment. */
const SMALL = [
  ...["--follow-rows", "50", "--follow-window", "100", "--seed", "3"],
  ...["--hidden", "4", "--embedding", "4", "--letter-rows", "0", "--epochs", "2", "--max-length", "8"],
];

async function rowsIn(folder: string, rows: readonly string[]): Promise<string> {
  const path = join(folder, "rows.jsonl");
  await Deno.writeTextFile(path, rows.map((row) => `${row}\n`).join(""));
  return path;
}

/** Returns the digests that were printed, one a segment. */
function digestsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^Segment (\d+): .*Digest: (\w{64})$/gm)].map(([, segment, digest]) => [segment!, digest!]),
  );
}

/** Returns the folder of the only stream in `runs`. */
async function streamIn(runs: string): Promise<string> {
  const names = await Array.fromAsync(Deno.readDir(runs));
  const found = names.filter(({ name }) => name.startsWith("follow-"));
  assertEquals(found.length, 1);
  return join(runs, found[0]!.name);
}

const train = (folder: string, source: string, runs: string, more: readonly string[] = [], input = "") =>
  run("train", folder, ["--follow", source, "--runs-dir", join(folder, runs), ...SMALL, "--exit", ...more], input);

Deno.test("train --follow has one chain of digests for 1 and 2 workers, a file, input and its journal", () =>
  withFolder(async (folder) => {
    const rows = streamRows(220);
    const file = await rowsIn(folder, rows);
    const first = await train(folder, file, "a", ["--workers", "1"]);
    assertEquals([first.code, first.stderr], [0, ""]);
    const digests = digestsIn(first.stdout);
    assertEquals(Object.keys(digests), ["1", "2", "3", "4"]);
    assertEquals(new Set(Object.values(digests)).size, 4);
    assertMatch(first.stdout, /^Segment 2: 100 rows - [\d,]+ rows\/s - Prequential: [\d.]+% - Digest: /m);
    assertMatch(first.stdout, /^The stream ended after 220 rows, of which 20 wait for a full segment$/m);
    const piped = await train(folder, "-", "b", ["--workers", "2"], rows.map((row) => `${row}\n`).join(""));
    assertEquals(digestsIn(piped.stdout), digests);
    const replayed = await train(folder, await streamIn(join(folder, "a")), "c", ["--workers", "2"]);
    assertEquals(digestsIn(replayed.stdout), digests);
    const measures = (text: string) => [...text.matchAll(/Prequential: [\d.]+%/g)].map(([found]) => found);
    assertEquals(measures(replayed.stdout), measures(first.stdout));
  }));

Deno.test("train --follow keeps the newest two runs, and with --follow-keep the newest segments", () =>
  withFolder(async (folder) => {
    const file = await rowsIn(folder, streamRows(300));
    assertEquals((await train(folder, file, "a", ["--follow-keep", "3"])).code, 0);
    const names = async (path: string) => (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
    const runs = await names(join(folder, "a"));
    assertEquals(runs.filter((name) => /^\d/.test(name)).length, 2);
    const stream = await streamIn(join(folder, "a"));
    assertEquals(await names(join(stream, "segments")), [4, 5, 6, 7].map((one) => `0000000${one}.jsonl`));
    assertEquals((await names(join(stream, "windows"))).length, 4);
    // A window has the training rows of two segments, however long the stream is, and every tenth row apart.
    const window = await Deno.readTextFile(join(stream, "windows", "00000006.jsonl"));
    assertEquals(window.split("\n").length - 1, 90);
    const latest = await run("predict", folder, [await latestOf(join(folder, "a")), "my refund today"]);
    assertMatch(latest.stdout, /^Class: /);
  }));

Deno.test("train --follow has the same digests after kill -9, wherever it comes", () =>
  withFolder(async (folder) => {
    const rows = streamRows(230);
    const file = await rowsIn(folder, rows);
    const wanted = digestsIn((await train(folder, file, "a")).stdout);
    assertEquals(Object.keys(wanted).length, 4);
    const args = ["--follow", file, "--runs-dir", join(folder, "b"), ...SMALL, "--exit"];
    const found: Record<string, string> = {};
    for (const at of [/^Journal/m, /^Epoch 01/m, /^Segment 1: .*Digest/m, /^Segment 3: .*Digest/m]) {
      const killed = start("train", folder, args);
      await killed.killedAt(at);
      Object.assign(found, digestsIn((await killed.finished).stdout));
    }
    // A part of a line is what a killed process may leave.
    const stream = await streamIn(join(folder, "b"));
    const segments = (await Array.fromAsync(Deno.readDir(join(stream, "segments")))).map(({ name }) => name).sort();
    await Deno.writeTextFile(join(stream, "segments", segments.at(-1)!), '{"text": "half', { append: true });
    const ended = await run("train", folder, args);
    assertEquals(ended.code, 0, ended.stderr);
    Object.assign(found, digestsIn(ended.stdout));
    assertEquals(found, wanted);
    assertMatch(ended.stdout, /^The stream ended after 230 rows, of which 30 wait/m);
    // All rows are in the journal once, in order.
    const all: string[] = [];
    for (const name of (await Array.fromAsync(Deno.readDir(join(stream, "segments")))).map(({ name }) => name).sort()) {
      all.push(...(await Deno.readTextFile(join(stream, "segments", name))).split("\n").slice(0, -1));
    }
    assertEquals(all, rows);
  }));

Deno.test("train --follow FILE answers over HTTP, learns what is appended, and continues after Ctrl-C", () =>
  withFolder(async (folder) => {
    const rows = streamRows(160);
    const file = await rowsIn(folder, rows.slice(0, 60));
    const args = ["--follow", file, "--runs-dir", join(folder, "a"), ...SMALL];
    const first = start("train", folder, args);
    const [, url] = /Dashboard: (\S+)/.exec(await first.printed(/^Segment 1: .*Digest/m))!;
    const ask = async () =>
      await (await fetch(`${url}/predict`, { method: "POST", body: '{"text": "refund my order"}' })).json();
    const digest = /Digest: (\w{64})/.exec(await first.printed(/^Segment 1: .*Digest/m))![1];
    assertEquals((await ask()).digest, digest);
    await Deno.writeTextFile(file, `${rows.slice(60, 110).join("\n")}\n`, { append: true });
    const second = digestsIn(await first.printed(/^Segment 2: .*Digest/m))["2"];
    assert(second !== digest);
    assertEquals((await ask()).digest, second);
    const { code, stdout } = await first.signalled("SIGINT");
    assertEquals(code, 0);
    assertMatch(stdout, /^Interrupted after 110 rows, of which 10 wait for a full segment$/m);
    // The file is rotated while nothing follows it.
    await Deno.rename(file, `${file}.1`);
    await Deno.writeTextFile(file, `${rows.slice(110).join("\n")}\n`);
    const again = start("train", folder, [...args, "--exit"]);
    const { stdout: end, stderr } = await again.finished;
    assertMatch(stderr, /does not have the rows that were taken from it last: it is read from its beginning/);
    assertEquals(Object.keys(digestsIn(end)), ["3"]);
    const whole = await train(folder, await rowsIn(folder, rows), "whole");
    assertEquals(digestsIn(end)["3"], digestsIn(whole.stdout)["3"]);
  }));

Deno.test("train --follow marks the row at which a rule flips, and learns the new one", () =>
  withFolder(async (folder) => {
    const file = await rowsIn(folder, streamRows(1000, 500));
    const { stdout } = await train(folder, file, "a", [
      "--follow-rows",
      "100",
      "--follow-window",
      "300",
      "--epochs",
      "6",
    ]);
    const drifts = [...stdout.matchAll(/Drift at row (\d+)/g)].map(([, row]) => Number(row));
    assertEquals(drifts.length, 1, stdout);
    assert(drifts[0]! > 500 && drifts[0]! < 600, stdout);
    const accuracies = [...stdout.matchAll(/Prequential: ([\d.]+)%/g)].map(([, share]) => Number(share));
    assert(Math.min(...accuracies) < accuracies.at(-1)!, stdout);
  }));

Deno.test("train --follow stops at a bad row, or leaves it out, and refuses what a stream has not", () =>
  withFolder(async (folder) => {
    const rows = streamRows(60);
    const long = JSON.stringify({ text: "x".repeat(70_000), label: "bug" });
    const file = await rowsIn(folder, [
      ...rows.slice(0, 20),
      "no JSON",
      '{"text": 7, "label": "bug"}',
      long,
      ...rows.slice(20),
    ]);
    const stopped = await train(folder, file, "a");
    assertEquals(stopped.code, 2);
    assertMatch(stopped.stderr, /^error: Cannot read ".*": line 21 is not JSON.*Set --on-bad-row to skip/);
    const skipped = await train(folder, file, "b", ["--on-bad-row", "skip"]);
    assertEquals([skipped.code, Object.keys(digestsIn(skipped.stdout))], [0, ["1"]]);
    assertMatch(
      skipped.stderr,
      /skipped: line 22 has 7 for "text".*\nskipped: line 23 is longer than 65,536 characters/,
    );
    const labels = Array.from({ length: 30 }, (_, row) => JSON.stringify({ text: "word", label: `label ${row}` }));
    const many = await train(folder, await rowsIn(folder, labels), "c");
    assertMatch(
      many.stderr,
      /^error: Cannot read ".*": line 11 has one more new label than the 10 that a segment of 50 rows may have/,
    );
    assertMatch(
      (await train(folder, file, "d", ["--validation", "0.2"])).stderr,
      /--validation is given with --follow/,
    );
    assertMatch((await train(folder, join(folder, "none"), "d")).stderr, /there is no such file/);
    const alone = await run("train", folder, ["--follow-rows", "100"]);
    assertMatch(alone.stderr, /--follow-rows is given without --follow/);
  }));

natsTest(
  "train --follow nats:// learns the messages of a subject, with the digests of their journal",
  (server) =>
    withFolder(async (folder) => {
      const rows = streamRows(110);
      const args = ["--runs-dir", join(folder, "a"), ...SMALL, "--on-bad-row", "skip"];
      const following = start("train", folder, ["--follow", `${server.url}/rows.new`, ...args]);
      const connection = await connect({ servers: server.url });
      await following.printed(/^Journal/m);
      // A message is lost unless the subscription is there: the first row tells.
      const stream = await streamIn(join(folder, "a"));
      const first = join(stream, "segments", "00000001.jsonl");
      while ((await Deno.readTextFile(first)) === "") {
        connection.publish("rows.new", rows[0]!);
        await connection.flush();
      }
      connection.publish("rows.new", new Uint8Array([0xFF, 0xFE, 0, 10]));
      connection.publish("rows.other", rows[1]!);
      for (const row of rows.slice(1)) connection.publish("rows.new", row);
      const digests = digestsIn(await following.printed(/^Segment 2: .*Digest/m));
      await connection.close();
      assertEquals((await following.signalled("SIGINT")).code, 0);
      const replayed = await train(folder, stream, "b");
      assertEquals([digestsIn(replayed.stdout)["1"], digestsIn(replayed.stdout)["2"]], [digests["1"], digests["2"]]);
      const refused = await train(folder, "nats://127.0.0.1:1/rows", "c");
      assertMatch(refused.stderr, /Cannot reach the NATS server "nats:\/\/127\.0\.0\.1:1"/);
      assertMatch(
        (await train(folder, "nats://host:4222", "c")).stderr,
        /expected an address such as nats:\/\/host:4222\//,
      );
    }),
);
