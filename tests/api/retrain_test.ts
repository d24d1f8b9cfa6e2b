/** Trains on labelled rows while a server answers, over real connections and with real threads. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { InputError, load, serve, type Server, train } from "../../mod.ts";
import type { RetrainingState } from "../../lib/predict/labelling.ts";
import { keepRuns, removeRun } from "../../lib/run/library/retention.ts";
import { PATIENCE_MS } from "../patience.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { jsonLines, SMALL, smallRows } from "./small.ts";

const isParcel = ({ label }: { label: string }) => label === "about parcel";

/** Calls `use` with a folder and the directory of a run in it that knows two of three labels. */
function withRun(use: (runsDir: string, directory: string) => Promise<void>): Promise<void> {
  return inTemporaryDirectory(async (runsDir) => {
    const data = join(runsDir, "rows.jsonl");
    await Deno.writeTextFile(data, jsonLines(smallRows().filter((row) => !isParcel(row))));
    await using run = await train({ ...SMALL, data, runsDir });
    await use(runsDir, run.directory);
  });
}

const serving = async (directory: string) =>
  await serve(await load(directory, { kernels: "wasm" }), {
    port: 0,
    collect: true,
    keepUncertain: 10,
    retrainAfter: 20,
  });

async function post(server: Server, path: string, body: unknown) {
  const response = await fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

const ask = async (server: Server) => (await post(server, "/predict", { text: "my late parcel" })).body;

/** Asks for predictions until a training has ended. Returns its state and the answers. */
async function untilTrained(server: Server, before: string | undefined) {
  const deadline = Date.now() + PATIENCE_MS;
  const answers: { status: number; body: { digest: string } }[] = [];
  for (;;) {
    assert(Date.now() < deadline, "No training has ended");
    answers.push(await post(server, "/predict", { text: "my late parcel" }));
    const state: RetrainingState = (await (await fetch(`${server.url}/examples`)).json()).retraining;
    if (state.training === null && state.last && state.last.run !== before) {
      return { ...state, last: state.last, answers };
    }
  }
}

Deno.test("serve() with retrainAfter answers with better weights, and refuses worse ones", () =>
  withRun(async (runsDir, directory) => {
    let [swapped, trained] = ["", ""];
    {
      await using server = await serving(directory);
      const { digest, label } = await ask(server);
      assert(label !== "about parcel");
      const parcels = smallRows().filter(isParcel);
      const { body: { ids } } = await post(server, "/examples", { examples: parcels.slice(0, 19) });
      assertEquals((await (await fetch(`${server.url}/examples`)).json()).retraining, {
        after: 20,
        examples: 19,
        training: null,
        last: null,
      });
      assertEquals(ids.length, 19);
      await post(server, "/examples", { examples: parcels.slice(19) });
      const first = await untilTrained(server, undefined);
      assertEquals([first.last.outcome, first.last.old?.rows], ["swapped", 6], first.last.why);
      assert(first.last.new!.after > first.last.new!.before!);
      const now = await ask(server);
      assertEquals([now.label, now.run], ["about parcel", first.last.run]);
      assertEquals(first.answers.filter(({ status }) => status !== 200), []);
      const digests = first.answers.map(({ body }) => body.digest);
      assertEquals(digests.toSorted((a) => a === digest ? -1 : 1), digests);
      assertEquals(new Set([...digests, digest, now.digest]), new Set([digest, now.digest]));
      const { inputs } = await (await fetch(`${server.url}/uncertain`)).json();
      assertEquals(new Set(inputs.map((input: { digest: string }) => input.digest)), new Set([now.digest]));
      swapped = now.digest;

      const labels = ["about parcel", "about invoice", "about password"];
      const wrong = Array.from({ length: 60 }, (_, at) => {
        const { text, label } = smallRows()[at]!;
        return { text, label: labels[(labels.indexOf(label) + 1 + at % 2) % 3] };
      });
      await post(server, "/examples", { examples: wrong });
      const second = await untilTrained(server, first.last.run);
      assertEquals([second.last.outcome, second.examples], ["kept", 0]);
      assertStringIncludes(second.last.why, "validation rows are right, before");
      assertEquals((await ask(server)).digest, swapped);
      assertEquals(second.answers.filter(({ status, body }) => status !== 200 || body.digest !== swapped), []);
      // Only the run that was not better may be removed, and it is the newest.
      assertEquals([await keepRuns(runsDir, 1, []), await removeRun(directory)], [[], "busy"]);
      trained = join(runsDir, first.last.run);
    }
    for (const again of [directory, join(runsDir, "latest")]) {
      await using server = await serving(again);
      assertEquals((await ask(server)).digest, swapped);
      const { count, retraining } = await (await fetch(`${server.url}/examples`)).json();
      assertEquals([count, retraining.examples, retraining.last.outcome], [90, 0, "kept"]);
    }
    assertEquals(await removeRun(trained), "removed");
    const notes: unknown[] = [];
    await using server = await serve(await load(directory, { kernels: "wasm" }), {
      port: 0,
      collect: true,
      retrainAfter: 20,
      onError: (error) => notes.push(error),
    });
    assert((await ask(server)).digest !== swapped);
    assertStringIncludes(String(notes[0]), "which answered, is gone: the one before it answers");
  }));

Deno.test("serve() with retrainAfter refuses at its start what it could not train on", async () => {
  await using inMemory = await train({ ...SMALL, data: smallRows(), epochs: 1 });
  await assertRejects(
    () => serve(inMemory.model, { port: 0, collect: true, retrainAfter: 20 }),
    InputError,
    "it was trained on rows in memory, or on standard input. `retrainAfter` needs them",
  );
  await assertRejects(
    () => serve({ a: inMemory.model, b: inMemory.model }, { port: 0, collect: true, retrainAfter: 20 }),
    InputError,
    "retrainAfter is given with 2 models: expected one",
  );
  await assertRejects(() => serve(inMemory.model, { port: 0, retrainAfter: 20 }), InputError, "without `collect`");
  await withRun(async (runsDir, directory) => {
    await Deno.writeTextFile(join(runsDir, "rows.jsonl"), jsonLines(smallRows()));
    await assertRejects(() => serving(directory), InputError, 'rows.jsonl" is not the file that it was trained on');
    await Deno.remove(join(runsDir, "rows.jsonl"));
    await assertRejects(() => serving(directory), InputError, "cannot be used again");
  });
});
