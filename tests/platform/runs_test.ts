/** Trains, stops, resumes, serves and reads runs on Node and Bun, by the command line of the package. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Finished, latestOf, run, SLOW, TINY, withFolder } from "../cli/process.ts";
import { runOnTerminal, terminalAbsence } from "../cli/terminal/pseudo_terminal.ts";
import { natsTest } from "../cluster/nats/nats_server.ts";
import { optionalTest } from "../optional.ts";
import { npmAbsence, removeProject } from "../package/project.ts";
import { soon } from "../serve/http/reading.ts";
import { productOf, runOn, type RuntimeName, startOn } from "./runtimes.ts";

Deno.test.afterAll(removeProject);

const NAMES: readonly RuntimeName[] = ["Node 22", "Node 26", "Bun"];
const SHORT = ["--epochs", "3", "--target-accuracy", "0", "--exit", "--port", "0"];
const GENERATED = [...TINY, ...SHORT];

/** Writes labelled texts to `folder` and returns the flags of a short training on them. */
async function onTexts(folder: string): Promise<string[]> {
  const words = { billing: ["charged", "refund", "card", "invoice"], shipping: ["parcel", "late", "lost", "address"] };
  const rows = Object.entries(words).flatMap(([label, own]) =>
    own.flatMap((a) => own.flatMap((b) => ["my", "the", "please"].map((first) => `${first} ${a} and ${b}.,${label}`)))
  );
  await writeFile(join(folder, "texts.csv"), `text,label\n${rows.join("\n")}\n`);
  return ["--data", join(folder, "texts.csv"), "--hidden", "16", "--embedding", "8", "--batch-size", "8", ...SHORT];
}

const digestIn = (stdout: string) => /^Digest: +([0-9a-f]{64})$/m.exec(stdout)?.[1];

/** Returns the output of a process that must exit with 0. */
function output({ code, stdout, stderr }: Finished): string {
  assertEquals(code, 0, stderr + stdout);
  return stdout;
}

/** Returns the digest of training on Deno. */
async function onDeno(folder: string, flags: readonly string[]): Promise<string> {
  const digest = digestIn(output(await run("train", folder, [...flags, "--runs-dir", join(folder, "deno")])));
  assert(digest);
  return digest;
}

for (const name of NAMES) {
  optionalTest(npmAbsence, {
    name: `training on generated sequences and on texts gives the same digest on ${name}`,
    fn: () =>
      withFolder(async (folder) => {
        for (const flags of [GENERATED, await onTexts(folder)]) {
          const digest = await onDeno(folder, flags);
          for (const workers of ["1", "2"]) {
            const all = [...flags, "--workers", workers, "--runs-dir", join(folder, "runs")];
            assertEquals(
              digestIn(output(await runOn(name, "train", ...all))),
              digest,
              `${flags[0]}, ${workers} workers`,
            );
          }
        }
      }),
  });

  optionalTest(npmAbsence, {
    name: `commands read a run on ${name}, and Deno reads it, too`,
    fn: () =>
      withFolder(async (folder) => {
        const flags = await onTexts(folder);
        const data = join(folder, "texts.csv");
        output(await runOn(name, "train", ...flags, "--runs-dir", folder));
        const directory = await latestOf(folder);
        assertMatch(output(await runOn(name, "check", data)), /^Classes +2$/m);
        assertMatch(output(await runOn(name, "verify", directory)), /^Verified: all 3 recorded states/m);
        assertMatch(output(await runOn(name, "evaluate", directory, "--data", data)), /^accuracy +100/m);
        output(await runOn(name, "export", directory, "--to", "safetensors"));
        assert((await readdir(join(directory, "safetensors"))).includes("model.safetensors"));
        const text = "the parcel and lost";
        const sentence = output(await runOn(name, "predict", directory, text));
        assertMatch(sentence, /^Class: 1 \(shipping\)/);
        assertEquals(output(await run("predict", folder, [directory, text])), sentence);
      }),
  });

  optionalTest(npmAbsence ?? terminalAbsence, {
    name: `keys pause a run on ${name}, and Ctrl-C saves it; it resumes to the same digest`,
    fn: () =>
      withFolder(async (folder) => {
        const digest = await onDeno(folder, GENERATED);
        const train = ["train", ...GENERATED, ...SLOW, "--runs-dir", join(folder, "runs")];
        const left = await runOnTerminal([...await productOf(name), ...train], [
          ["Keys", "p"],
          ["Pausing after this round", "p"],
          ["Resumed", "\x03"],
        ]);
        assertEquals([left.code, left.echo, left.canonical], [0, true, true], left.output);
        assertStringIncludes(left.output, "asked to stop");
        const resumed = await runOn(name, "resume", join(folder, "runs/latest"), "--exit", "--port", "0");
        assertEquals(digestIn(output(resumed)), digest);
      }),
  });

  optionalTest(npmAbsence, {
    name: `a run in training is served and locked on ${name}`,
    fn: () =>
      withFolder(async (folder) => {
        const endless = [...await onTexts(folder), ...SLOW, "--epochs", "100000", "--runs-dir", folder];
        const training = await startOn(name, "train", ...endless);
        const [, url] = /^Dashboard: (\S+)$/m.exec(await training.printed(/^Epoch 0*1 /m))!;
        const answer = await fetch(`${url}/predict`, { method: "POST", body: '{"text":"my parcel"}' });
        assertEquals([answer.status, (await answer.json()).label.length > 0], [200, true]);
        const [page, script] = [await fetch(`${url}/`), await fetch(`${url}/dashboard/main.ts`)];
        assertMatch(await page.text(), /^<!DOCTYPE html>/);
        assertEquals([script.status, script.headers.get("content-type")], [200, "text/javascript; charset=utf-8"]);
        await script.body?.cancel();
        const events = (await fetch(`${url}/events`)).body!.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";
        while (!text.includes("event: started")) text += (await soon(events.read(), "an event")).value ?? "";
        await events.cancel();

        const directory = await latestOf(folder);
        const second = await runOn(name, "resume", directory, "--port", "0");
        assertEquals(second.code, 2);
        assertStringIncludes(second.stderr, "is in use: this run is being trained by another process");
        assertEquals((await training.signalled("SIGKILL")).killedBy, "SIGKILL");
        // The lock has ended with its process.
        const resumed = await startOn(name, "resume", directory, "--port", "0");
        await resumed.printed(/^Epoch/m);
        assertEquals((await resumed.signalled("SIGTERM")).code, 0);
      }),
  });
}

natsTest(
  "a process of Node 26 and one of Bun train together with the digest of one on Deno",
  (server) =>
    withFolder(async (folder) => {
      const digest = await onDeno(folder, GENERATED);
      const cluster = ["--workers", "1", "--cluster", server.url, "--name", "mixed", "--min-nodes", "2"];
      const names: RuntimeName[] = ["Node 26", "Bun"];
      const ended = await Promise.all(
        names.map((name, node) =>
          runOn(name, "train", ...GENERATED, ...cluster, "--node", `n${node}`, "--runs-dir", join(folder, name))
        ),
      );
      assertEquals(
        ended.map((finished) => digestIn(output(finished))),
        [digest, digest],
      );
    }),
);
