/** Runs over HTTP, as a client meets them: asked for, trained one after the other, stopped, removed. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { until } from "../../serve/http/reading.ts";
import { ENDLESS, run, start, TINY, withFolder } from "../process.ts";

interface Run {
  readonly id: string;
  readonly state: string;
  readonly place?: number;
  readonly config: { readonly seed: number };
  readonly error?: string;
  readonly tags?: readonly string[];
  readonly search?: { readonly id: string; readonly minutes: number; readonly trials: number };
}

const SMALL = { hidden: 8, embedding: 4, batchSize: 16, stepsPerEpoch: 4, epochs: 2 };

Deno.test("train accepts runs over HTTP, trains them in turn, and keeps --keep-runs of them", () =>
  withFolder(async (folder) => {
    const runs = `${folder}/runs`;
    await Deno.mkdir(`${folder}/data`);
    await Deno.writeTextFile(`${folder}/data/empty.csv`, "text,label\n");
    const places = ["--runs-dir", runs, "--data-dir", `${folder}/data`];
    const process = start("train", folder, [...TINY, ...ENDLESS, ...places, "--port", "0", "--keep-runs", "2"]);
    const base = /http:\/\/[\w.]+:\d+/.exec(await process.printed(/^Epoch 0*1 /m))![0];
    const ask = async (path: string, method = "GET", body?: unknown) => {
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
      const response = await fetch(`${base}${path}`, init);
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    };
    const post = async (config: unknown): Promise<Run> => {
      const { status, body } = await ask("/runs", "POST", config);
      assertEquals(status, 202);
      return body;
    };
    const first: Run = (await ask("/runs?state=running")).body.runs[0];
    const second = await post({ ...SMALL, seed: 7 });
    const unreadable = await post({ data: ["empty.csv"] });
    const unwanted = await post({ ...SMALL, seed: 8 });
    const last = await post({ ...SMALL, seed: 9 });
    assertEquals([second, unreadable, unwanted, last].map(({ place }) => place), [1, 2, 3, 4]);
    assertEquals((await ask("/runs", "POST", { data: ["../x.csv"] })).status, 400);
    assertEquals((await ask(`/runs/${unwanted.id}`, "DELETE")).status, 204);
    assertEquals((await ask(`/runs/${last.id}`)).body.place, 3);
    assertEquals((await ask(`/runs/${first.id}`, "DELETE")).status, 409);

    assertEquals((await ask(`/runs/${first.id}/stop`, "POST")).status, 202);
    await process.printed(/(Run: [^]*){3}Serving on/);
    const { current, runs: left } = (await ask("/runs")).body as { current: string; runs: Run[] };
    assertEquals(current, last.id);
    // The first was the oldest of three, and two are kept; of the one without rows there is but the reason.
    assertEquals(
      new Map(left.map(({ id, state }) => [id, state])),
      new Map([[second.id, "finished"], [unreadable.id, "failed"], [last.id, "finished"]]),
    );
    assertMatch(left.find(({ id }) => id === unreadable.id)!.error!, /empty\.csv/);
    const answer = await ask("/predict", "POST", { tokens: [1, 2, 3, 4, 5, 6, 7, 8] });
    assertEquals([answer.status, answer.body.run], [200, last.id]);
    const stream = await fetch(`${base}/events`);
    assertMatch(await stream.text(), /"seed":9[^]*event: finished/);
    assertEquals((await ask(`/runs/${second.id}`, "DELETE")).status, 204);
    assertEquals((await ask(`/runs/${second.id}`)).status, 404);
    process.signal("SIGTERM");
    const { code, stdout } = await process.finished;
    assertEquals([code, stdout.includes(`Removed:    ${first.id}`)], [0, true]);
    const kept = (await Array.fromAsync(Deno.readDir(runs))).map(({ name }) => name);
    assertEquals(new Set(kept), new Set([last.id, "latest"]));
  }));

/** Leaves two configs, of which a trial takes a moment. */
const NEARLY_ALL = {
  ...{ hidden: 4, embedding: 4, letterRows: 0, epochs: 2, learningRate: 0.02, dropout: 0, weightDecay: 0 },
  ...{ tokenizer: "words", minCount: 1, punctuation: "keep", lowercase: true },
};

Deno.test("a search over HTTP shows its trials, ends on request, and trains its best config", () =>
  withFolder(async (folder) => {
    const rows = Array.from({ length: 120 }, (_, row) => row % 2 === 0 ? `too late ${row % 9},a` : `soon ${row % 7},b`);
    await Deno.writeTextFile(`${folder}/rows.csv`, `text,label\n${rows.join("\n")}\n`);
    const runsDir = `${folder}/runs`;
    const places = ["--runs-dir", runsDir, "--data-dir", folder];
    const process = start("train", folder, [...TINY, "--epochs", "1", ...places, "--port", "0"]);
    const base = /http:\/\/[\w.]+:\d+/.exec(await process.printed(/Serving on/))![0];
    const ask = async (path: string, method = "GET", body?: unknown) => {
      const response = await fetch(`${base}${path}`, {
        method,
        ...body !== undefined && { body: JSON.stringify(body) },
      });
      return { status: response.status, body: await response.json() };
    };
    const search = { data: ["rows.csv"], name: "tuned", tags: ["mine"], tuneMinutes: 60, ...NEARLY_ALL };
    assertEquals((await ask("/runs", "POST", { ...search, tuneMinutes: 0 })).status, 400);
    assertEquals((await ask("/runs", "POST", { tuneMinutes: 1 })).status, 400);
    const { status, body: { id } } = await ask("/runs", "POST", search);
    assertEquals(status, 202);
    const asked = async (): Promise<Run> => (await ask(`/runs/${id}`)).body;
    let seen = await asked();
    await until(async () => ((seen = await asked()).search?.trials ?? 0) > 0, "The first trial");
    assert(seen.search);
    assertEquals([seen.state, seen.place, seen.search.minutes], ["queued", undefined, 60]);
    const trials: Run[] = (await ask(`/runs?tag=${seen.search.id}`)).body.runs;
    assert(trials.length >= 1 && trials.every(({ tags }) => tags!.length === 1), JSON.stringify(trials));
    assertEquals((await ask(`/runs/${id}/pause`, "POST")).status, 409);
    assertEquals((await ask(`/runs/${id}`, "DELETE")).status, 409);
    assertEquals((await ask(`/runs/${id}/stop`, "POST")).status, 202);
    const said = await process.printed(/(Run: [^]*){2}Serving on/);
    assertMatch(said, /Search tune-[^]*\nSplit +1 [^]*\nBest: +[^]*\nConfig: +/);
    const { state, tags, search: over } = await asked();
    assertEquals({ state, tags, over }, { state: "finished", tags: ["mine", seen.search.id], over: undefined });
    assertEquals((await ask("/predict", "POST", { text: "too late" })).body.run, id);
    const tuned = JSON.parse(await Deno.readTextFile(`${runsDir}/${seen.search.id}/tuned.json`));
    assertEquals(tuned.epochs, 2);

    const later = (await ask("/runs", "POST", search)).body.id;
    await until(async () => (await ask(`/runs/${later}`)).body.search !== undefined, "The second search");
    process.signal("SIGTERM");
    const { code, stdout } = await process.finished;
    assertEquals(code, 0);
    const [resume] = /deno task tune --resume \S+\n$/.exec(stdout)!;
    const resumed = await run("tune", folder, [
      "--resume",
      resume.trim().split(" ").at(-1)!,
      "--minutes",
      "0.05",
      "--exit",
    ]);
    assertEquals([resumed.code, resumed.stderr], [0, ""]);
  }));
