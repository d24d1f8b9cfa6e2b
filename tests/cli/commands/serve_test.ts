import { basename } from "node:path";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decoded } from "../../text.ts";
import { ENDLESS, latestOf, run, start, TINY, withFolder } from "../process.ts";

const url = (printed: string) => /http:\/\/[\w.]+:\d+/.exec(printed)![0];

/** The events of a stream, as `id` and data, to its end or until `limit` were read. */
async function readEvents(
  address: string,
  lastEventId: string,
  limit = Infinity,
): Promise<{ id: number; data: string }[]> {
  const response = await fetch(address, { headers: lastEventId ? { "Last-Event-ID": lastEventId } : {} });
  const events: { id: number; data: string }[] = [];
  let text = "";
  for await (
    const chunk of decoded(response.body!)
  ) {
    text += chunk;
    const frames = text.split("\n\n");
    text = frames.pop()!;
    for (const frame of frames) {
      const id = /^id: (\d+)$/m.exec(frame)?.[1];
      if (id) events.push({ id: Number(id), data: /^data: (.*)$/m.exec(frame)![1]! });
    }
    if (events.length >= limit) break;
  }
  return events.slice(0, limit);
}

/** The lines of the newest run's log, as clients see them: the folder by its bare name. */
async function shownLog(folder: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${await latestOf(folder)}/events.jsonl`);
  return text.replace(folder, basename(folder)).trim().split("\n");
}

Deno.test("train serves events without gap or repeat over cuts, and predicts while it trains", () =>
  withFolder(async (folder) => {
    const flags = [...TINY, ...ENDLESS, "--port", "0", "--runs-dir", folder];
    const process = start("train", folder, flags);
    const base = url(await process.printed(/^Epoch 0*1 /m));
    const seen: { id: number; data: string }[] = [];
    for (const length of [3, 1, 5]) {
      seen.push(...await readEvents(`${base}/events`, seen.length ? String(seen.at(-1)!.id) : "", length));
    }
    const body = JSON.stringify({ instances: [[0, 1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1, 0]] });
    const answers = [];
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${base}/predict`, { method: "POST", body });
      assertEquals(response.status, 200);
      answers.push(await response.json());
    }
    assert(answers[2].round >= answers[0].round);
    assertEquals(answers[0].predictions.length, 2);
    process.signal("SIGTERM");
    const rest = readEvents(`${base}/events`, String(seen.at(-1)!.id)).catch(() => []);
    const [{ code }] = [await process.finished, await rest];
    assertEquals(code, 0);
    const logged = await shownLog(folder);
    assertEquals(seen.map(({ data }) => data), logged.slice(0, seen.length));
    assertEquals(seen.map(({ id }) => id), seen.map((_, index) => index + 1));
  }));

Deno.test("serve answers with the digest of the run's summary, and predict gives the same", () =>
  withFolder(async (folder) => {
    await run("train", folder, [...TINY, "--port", "0", "--runs-dir", folder, "--epochs", "2", "--exit"]);
    const summary = JSON.parse(await Deno.readTextFile(`${await latestOf(folder)}/summary.json`));
    const process = start("serve", folder, [`${folder}/latest`, "--port", "0"]);
    const base = url(await process.printed(/Serving run .*\n/));
    const tokens = [21, 6, 37, 33, 18, 48, 1, 25];
    const response = await fetch(`${base}/predict`, { method: "POST", body: JSON.stringify({ tokens }) });
    const answer = await response.json();
    assertEquals([answer.digest, answer.round, answer.run], [summary.digest, summary.rounds, summary.run]);
    const logged = await shownLog(folder);
    assertEquals((await readEvents(`${base}/events`, "")).map(({ data }) => data), logged);
    const page = await fetch(base);
    assertMatch(await page.text(), /<title>[^<]*Lockstep/);
    process.signal("SIGTERM");
    assertEquals((await process.finished).code, 0);

    const slow = await run("serve", folder, [`${folder}/latest`, "--batch-delay-ms", "4000"]);
    assertEquals([slow.code, slow.stderr], [2, "error: --batch-delay-ms is 4000: expected at most 1000\n"]);

    const { stdout } = await run("predict", folder, [`${folder}/latest`, ...tokens.map(String)]);
    const percent = (100 * answer.probabilities[answer.class]).toFixed(2);
    assertStringIncludes(stdout, `Class: ${answer.class} (${answer.label}) - Probabilities: `);
    assertStringIncludes(stdout, `${answer.label} ${percent}%`);

    const lines = await run(
      "predict",
      folder,
      [`${folder}/latest`],
      `${tokens.join(" ")}\n\n${tokens.join(",")}\n1 2\n`,
    );
    const answers = lines.stdout.trim().split("\n").map((line) => JSON.parse(line));
    const good = [answer.label, summary.digest];
    const bad = [undefined, undefined];
    assertEquals(answers.map(({ label, digest }) => [label, digest]), [good, bad, good, bad]);
    assertEquals(answers[3], { line: 4, error: "line 4 has 2 tokens: expected a list of 8 tokens" });
    const refused = "error: 2 of 4 lines were refused, the first: line 2 has 0 tokens: expected a list of 8 tokens\n";
    assertEquals([lines.code, lines.stderr], [2, refused]);
  }));

Deno.test("serve and predict name a missing run and exit with 2", () =>
  withFolder(async (folder) => {
    for (const task of ["serve", "predict"] as const) {
      const { code, stderr } = await run(task, folder, [`${folder}/latest`]);
      assertEquals(code, 2);
      assertStringIncludes(stderr, `There is no run in "${folder}/latest"`);
    }
  }));
