/** Tests that labelled rows outlive the process that took them, however it ends. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { PATIENCE_MS } from "../../patience.ts";
import { optionalTest } from "../../optional.ts";
import { onSmallDisk, whyNoSmallDisk } from "../faults/small_disk.ts";
import { start, withFolder } from "../process.ts";
import { withModel, WORDS } from "../saved_model.ts";

/** Starts `serve RUN` and returns it with its address. */
async function serving(folder: string, run: string) {
  const process = start("serve", folder, [run, "--collect", "--keep-uncertain", "10"]);
  const url = /http:\/\/\S+/.exec(await process.printed(/until interrupted/))![0];
  return { process, url };
}

/** Returns status and body of the answer. */
async function post(url: string, text: string) {
  const response = await fetch(`${url}/examples`, {
    method: "POST",
    body: JSON.stringify({ text, label: "odd" }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return { status: response.status, body: await response.json() };
}

async function rowsOf(run: string): Promise<{ text: string; id: number }[]> {
  const text = await Deno.readTextFile(join(run, "examples.jsonl"));
  return text.split("\n").slice(0, -1).map((line) => {
    const { text, example: { id } } = JSON.parse(line);
    return { text, id };
  });
}

Deno.test("serve --collect keeps every example that it confirmed when it is killed", () =>
  withModel(WORDS, async (folder, run) => {
    const confirmed: { text: string; id: number }[] = [];
    for (const round of [1, 2]) {
      const { process, url } = await serving(folder, run);
      const enough = Promise.withResolvers<void>();
      const before = confirmed.length;
      const sender = async (sender: number) => {
        for (let at = 0;; at++) {
          const text = `lamp ${round} ${sender} ${at}`;
          const answer = await post(url, text).catch(() => undefined);
          if (!answer) return;
          assertEquals(answer.status, 201);
          confirmed.push({ text, id: answer.body.ids[0] });
          if (confirmed.length - before >= 100) enough.resolve();
        }
      };
      const senders = Array.from({ length: 8 }, (_, at) => sender(at));
      await Promise.race([enough.promise, ...senders]);
      await process.signalled("SIGKILL");
      await Promise.all(senders);
    }
    const rows = new Map((await rowsOf(run)).map(({ text, id }) => [id, text]));
    assert(confirmed.length >= 200, `${confirmed.length} confirmed`);
    for (const { text, id } of confirmed) assertEquals(rows.get(id), text);
  }));

Deno.test("a second serve --collect of a run sends people to the first", () =>
  withModel(WORDS, async (folder, run) => {
    const [first, second] = [await serving(folder, run), await serving(folder, run)];
    assertEquals((await post(first.url, "lamp")).status, 201);
    const refused = await post(second.url, "kettle");
    assertEquals([refused.status, refused.body.errors[0].field], [409, "examples"]);
    await first.process.signalled("SIGTERM");
    assertEquals((await post(second.url, "kettle")).status, 201);
    await second.process.signalled("SIGTERM");
    assertEquals((await rowsOf(run)).map(({ text }) => text), ["lamp", "kettle"]);
  }));

Deno.test("serve without --collect writes nothing, and takes no example", () =>
  withModel(WORDS, async (folder, run) => {
    const before = [...Deno.readDirSync(run)].map(({ name }) => name).toSorted();
    const process = start("serve", folder, [run]);
    const url = /http:\/\/\S+/.exec(await process.printed(/until interrupted/))![0];
    const refused = await post(url, "lamp");
    assertEquals([refused.status, refused.body.errors[0].field], [409, "collect"]);
    await process.signalled("SIGTERM");
    assertEquals([...Deno.readDirSync(run)].map(({ name }) => name).toSorted(), before);
  }));

const FULL = `
import { ExampleJournal } from "${import.meta.resolve("../../../lib/run/examples/example_journal.ts")}";
const journal = new ExampleJournal(Deno.args[0], "label");
const add = (text) => journal.add([{ row: { text, label: "a" }, labels: ["a"] }]);
console.log("first", JSON.stringify(await add("first")));
while (!Deno.readTextFileSync(Deno.args[1]).includes("full now")) await new Promise((next) => setTimeout(next, 20));
console.log("refused", JSON.stringify(await add("x".repeat(100_000))));
while (!Deno.readTextFileSync(Deno.args[1]).includes("free now")) await new Promise((next) => setTimeout(next, 20));
console.log("second", JSON.stringify(await add("second")));
await journal.close();
`;

const absence = await whyNoSmallDisk();
optionalTest(absence, {
  name: "ExampleJournal refuses an example on a full disk, and takes the next one when there is room",
  fn: () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(join(folder, "script.ts"), FULL);
      const { output } = await onSmallDisk(
        folder,
        `"$deno" run -q -A --no-check --config=deno.json "$1/script.ts" "$disk" "$out" >>"$out" 2>&1 &
       await first; fill_up; echo full now >> "$out"
       await refused; free; echo free now >> "$out"
       wait`,
      );
      assertEquals(output.split("\n").filter((line) => !line.endsWith("now") && line !== ""), [
        "first [1]",
        'refused "full"',
        "second [2]",
      ]);
      const text = await Deno.readTextFile(join(folder, "kept", "examples.jsonl"));
      assertEquals(text.split("\n").slice(0, -1).map((line) => JSON.parse(line).text), ["first", "second"]);
    }),
});
