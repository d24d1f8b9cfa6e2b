/**
 * How long a prediction holds up the event loop, for bodies as large as they may be: `bench/blocking.ts RUN`, with a run
 * that was trained on texts. Prints for each body the longest gaps between two turns of the loop: the least and the
 * median of the requests. What other programs take of the machine is in the median.
 */
import { ThreadPredictor } from "../lib/predict/predictor.ts";
import { readModel } from "../lib/run/model_files.ts";
import { createApp } from "../lib/serve/app.ts";
import { fakeServices, Log } from "../tests/serve/fakes.ts";
import { median } from "./measure.ts";
import { figure, table } from "./table.ts";

const REQUESTS = 15;
const WORDS = "I was charged twice please refund the login screen flickers after delivery to Norway".split(" ");

/** Words, `characters` long. */
function textOf(characters: number, seed: number): string {
  let text = "";
  for (let index = seed; text.length < characters; index += 7) text += `${WORDS[index % WORDS.length]} `;
  return text.slice(0, characters);
}

const texts = (count: number, characters: number) =>
  JSON.stringify({ instances: Array.from({ length: count }, (_, index) => textOf(characters, index)) });

const bodies: Readonly<Record<string, string>> = {
  "256 texts of 100 characters": texts(256, 100),
  "256 texts of 4,000 characters": texts(256, 4000),
  "1,024 texts of 1,000 characters": texts(1024, 1000),
  "340,000 numbers (refused)": JSON.stringify({ instances: [new Array(340_000).fill(12)] }),
  "19,000 texts (refused)": JSON.stringify({
    instances: Array.from({ length: 19_000 }, (_, index) => textOf(48, index)),
  }),
  "9,000 keys (refused)": `{${
    Array.from({ length: 9_000 }, (_, index) => `"${textOf(100, index)}${index}":0`).join()
  }}`,
  "45,000 objects (refused)": JSON.stringify({ instances: new Array(45_000).fill({ a: [], b: { c: 1 } }) }),
  "1,000,000 brackets (refused)": "[".repeat(1_000_000),
};

/** Longest gap between two turns of the loop, in milliseconds, while `work` goes on. */
async function longestGap(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 0);
  await work();
  look();
  clearInterval(timer);
  return longest;
}

const model = await readModel(Deno.args[0] ?? "runs/latest");
const predictor = new ThreadPredictor({
  model,
  newest: () => model.version,
  checkpoints: { list: () => Promise.resolve([]), read: () => Promise.resolve(undefined) },
  workerUrl: new URL("../workers/predict.ts", import.meta.url),
  onIncident: (message) => {
    throw new Error(message);
  },
  limits: { batchMax: 64, batchDelayMs: 0, queueMax: 4096, timeoutMs: 10_000 },
});
const app = createApp(fakeServices(new Log(), { predictor }));
await predictor.model();
const rows: string[][] = [];
for (const [name, body] of Object.entries(bodies)) {
  const headers = { "Content-Length": String(body.length) };
  const ask = async () => await (await app.request("/predict", { method: "POST", body, headers })).text();
  const gaps: number[] = [];
  for (let request = 0; request < REQUESTS; request++) gaps.push(await longestGap(ask));
  rows.push([name, figure(body.length / 2 ** 20), figure(Math.min(...gaps)), figure(median(gaps))]);
}
Deno.stdout.writeSync(
  new TextEncoder().encode(`${table(["body", "MiB", "least ms", "median ms"], rows).join("\n")}\n`),
);
Deno.exit();
