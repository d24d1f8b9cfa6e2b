/** Tests that a server which trains on its examples loses nothing when it is killed, and needs no more rights. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { train } from "../../../mod.ts";
import { jsonLines, SMALL, smallRows } from "../../api/small.ts";
import { PATIENCE_MS } from "../../patience.ts";
import { inTemporaryDirectory } from "../../run/temporary.ts";
import { ExitCode } from "../../../lib/cli/exit_codes.ts";
import { optionalTest } from "../../optional.ts";
import { onSmallDisk, whyNoSmallDisk } from "../faults/small_disk.ts";
import { start, withFolder } from "../process.ts";

const isParcel = ({ label }: { label: string }) => label === "about parcel";

/** Trains a run that knows two of three labels. Returns its directory. */
async function trained(folder: string): Promise<string> {
  const data = join(folder, "rows.jsonl");
  await Deno.writeTextFile(data, jsonLines(smallRows().filter((row) => !isParcel(row))));
  await using run = await train({ ...SMALL, data, runsDir: join(folder, "runs") });
  return run.directory;
}

async function serving(folder: string, run: string, flags: readonly string[] = []) {
  const process = start("serve", folder, [run, "--collect", "--retrain-after", "30", ...flags]);
  const url = /http:\/\/\S+/.exec(await process.printed(/until interrupted/))![0];
  const post = async (path: string, body: unknown) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return await (await fetch(`${url}${path}`, { method: "POST", body: JSON.stringify(body), signal })).json();
  };
  return { process, post };
}

const linesOf = async (run: string) =>
  (await Deno.readTextFile(join(run, "retraining.jsonl"))).split("\n").slice(0, -1).map((line) => JSON.parse(line));

Deno.test("serve --retrain-after that is killed in a training does it again, to the same digest", () =>
  inTemporaryDirectory(async (folder) => {
    const run = await trained(folder);
    const examples = smallRows().filter(isParcel);
    const other = join(folder, "other");
    await cp(join(folder, "runs"), other, { recursive: true });

    const killed = await serving(folder, run);
    await killed.post("/examples", { examples });
    assert(await killed.process.killedAt(/Retraining: run/));
    assertEquals((await linesOf(run)).map(({ type }) => type), ["began"]);
    const [{ run: unfinished }] = await linesOf(run);

    const again = await serving(folder, join(folder, "runs", "latest"));
    await again.process.printed(/Retrained: run \S+ answers from now on/);
    const { digest, run: answering } = await again.post("/predict", { text: "my late parcel" });
    const { stdout, stderr } = await again.process.signalled("SIGTERM");
    assertEquals(stderr, "", stdout);
    const names = await readdir(join(folder, "runs"));
    assertEquals([names.includes(unfinished), names.includes(answering), names.length], [false, true, 3]);
    assertEquals(await readdir(join(run, "retraining")), [`${answering}.jsonl`]);

    const undisturbed = await serving(folder, join(other, "latest"), ["--retrain-workers", "2"]);
    await undisturbed.post("/examples", { examples });
    await undisturbed.process.printed(/Retrained: run \S+ answers from now on/);
    assertEquals((await undisturbed.post("/predict", { text: "my late parcel" })).digest, digest);
    await undisturbed.process.signalled("SIGTERM");
  }));

Deno.test("serve --retrain-after keeps its model when a training fails, and tries again later", () =>
  inTemporaryDirectory(async (folder) => {
    const run = await trained(folder);
    const { process, post } = await serving(folder, run);
    const before = await post("/predict", { text: "my late parcel" });
    const rows = join(folder, "rows.jsonl");
    const earlier = await Deno.readTextFile(rows);
    await Deno.writeTextFile(rows, earlier.replace("invoice", "password"));
    const examples = smallRows(180).filter(isParcel);
    await post("/examples", { examples: examples.slice(0, 30) });
    await process.noted(/Retraining failed, and run \S+ keeps answering: .*its digest differs/);
    assertEquals((await post("/predict", { text: "my late parcel" })).digest, before.digest);
    await Deno.writeTextFile(rows, earlier);
    await post("/examples", { examples: examples.slice(30) });
    await process.printed(/Retrained: run \S+ answers from now on/);
    assertEquals((await post("/predict", { text: "my late parcel" })).label, "about parcel");
    await process.signalled("SIGTERM");
    const lines = await linesOf(run);
    assertEquals(lines.map(({ last, outcome }) => last ?? outcome), [30, "failed", 60, "swapped"]);
    const copies = await readdir(join(run, "retraining"));
    assertEquals(copies, [`${lines[2].run}.jsonl`]);
    assertEquals((await Deno.readTextFile(join(run, "retraining", copies[0]!))).split("\n").length, 61);
  }));

Deno.test("train takes no --retrain-after, and serve takes it with --collect only", () =>
  inTemporaryDirectory(async (folder) => {
    const training = await start("train", folder, ["--retrain-after", "5", "--collect"]).finished;
    assertEquals(training.code, ExitCode.badInput);
    assertStringIncludes(training.stderr, "--retrain-after is given to a process that trains");
    const serving = await start("serve", folder, [await trained(folder), "--retrain-after", "5"]).finished;
    assertEquals(serving.code, ExitCode.badInput);
    assertStringIncludes(serving.stderr, "--retrain-after is 5: expected no value without --collect");
  }));

Deno.test("serve --retrain-after says at its start that it may not read the rows of its run", () =>
  inTemporaryDirectory((elsewhere) =>
    inTemporaryDirectory(async (folder) => {
      const run = await trained(elsewhere);
      await cp(run, join(folder, "runs", run.slice(-20)), { recursive: true });
      const process = start("serve", folder, [join(folder, "runs", "latest"), "--collect", "--retrain-after", "30"]);
      const { code, stderr } = await process.finished;
      assertEquals(code, ExitCode.badInput);
      assertStringIncludes(stderr, "cannot be used again");
      assertStringIncludes(stderr, `--allow-read=.,${join(elsewhere, "rows.jsonl")} main.ts serve`);
    })
  ));

/** Sends the last example of a training when the disk is full: its few bytes still fit, and a run does not. */
const FULL = `
import { load, serve, train } from "${import.meta.resolve("../../../mod.ts")}";
import { jsonLines, SMALL, smallRows } from "${import.meta.resolve("../../api/small.ts")}";
const [disk, out] = Deno.args;
const said = async (text) => {
  while (!Deno.readTextFileSync(out).includes(text)) await new Promise((next) => setTimeout(next, 20));
};
const rows = smallRows(120);
const parcels = rows.filter(({ label }) => label === "about parcel");
Deno.writeTextFileSync(disk + "/rows.jsonl", jsonLines(rows.filter((row) => !parcels.includes(row))));
const run = await train({ ...SMALL, data: disk + "/rows.jsonl", runsDir: disk + "/runs" });
const onError = ({ message }) => console.log(/^[A-Z][a-z]+ing failed|answers from now on|Cannot write/.exec(message)?.[0] ?? "news");
const server = await serve(await load(run.directory), { port: 0, collect: true, retrainAfter: 20, onError });
const post = async (path, body) =>
  (await fetch(server.url + path, { method: "POST", body: JSON.stringify(body) })).json();
await post("/examples", { examples: parcels.slice(0, 19) });
const { digest } = await post("/predict", { text: "my late parcel" });
console.log("first");
await said("full now");
const added = await post("/examples", parcels[19]);
await said("Retraining failed");
console.log("added", JSON.stringify(added));
console.log("same", (await post("/predict", { text: "my late parcel" })).digest === digest);
await said("free now");
await post("/examples", { examples: parcels.slice(20) });
await said("answers from now on");
console.log("label", (await post("/predict", { text: "my late parcel" })).label);
await server.close();
`;

const absence = await whyNoSmallDisk();
optionalTest(absence, {
  name: "serve() with retrainAfter keeps its model on a full disk, and trains when there is room",
  fn: () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(join(folder, "script.ts"), FULL);
      const { output } = await onSmallDisk(
        folder,
        `"$deno" run -q -A --no-check --config=deno.json "$1/script.ts" "$disk" "$out" >>"$out" 2>&1 &
       await ^first; fill_up; echo full now >> "$out"
       await ^same; free; echo free now >> "$out"
       wait`,
      );
      const lines = output.split("\n").filter((line) => !/ now$|^news$|^$/.test(line));
      assertEquals(lines, [
        "first",
        // The log of trainings is on the same disk.
        "Cannot write",
        "Retraining failed",
        'added {"ids":[20],"newLabels":["about parcel"]}',
        "same true",
        "answers from now on",
        "label about parcel",
      ]);
    }),
});
