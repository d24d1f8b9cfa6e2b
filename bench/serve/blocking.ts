/**
 * Measures how long a request blocks the event loop, for bodies of the largest size: `bench/serve/blocking.ts RUN`, with a
 * run that was trained on texts. Prints for each body the longest gap between two turns of the loop, for which any other
 * request, such as `/livez`, waits: the least and the median of the requests. The load of other programs shows in the
 * median.
 */
import { resolveConfig } from "../../lib/config/resolve.ts";
import { ThreadPredictor } from "../../lib/predict/predictor.ts";
import { resolveRun } from "../../lib/run/files/directory.ts";
import { readModel } from "../../lib/run/files/model_files.ts";
import { requestedRun } from "../../lib/run/library/run_request.ts";
import { createApp } from "../../lib/serve/app.ts";
import { FakeRun, fakeRuns, fakeServices } from "../../tests/serve/fakes.ts";
import { median } from "../measure.ts";
import { significant, table } from "../table.ts";

const REQUESTS = 15;
const WORDS = "I was charged twice please refund the login screen flickers after delivery to Norway".split(" ");

/** Returns words of `characters` in all. */
function textOf(characters: number, seed: number): string {
  let text = "";
  for (let index = seed; text.length < characters; index += 7) text += `${WORDS[index % WORDS.length]} `;
  return text.slice(0, characters);
}

const texts = (count: number, characters: number) =>
  JSON.stringify({ instances: Array.from({ length: count }, (_, index) => textOf(characters, index)) });

const keys = (count: number, characters: number) =>
  JSON.stringify(
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`.padEnd(characters, "x"), 1])),
  );

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
  "a text of 1,000,000 characters": JSON.stringify({ text: textOf(1_000_000, 1) }),
  "a word of 1,000,000 characters": JSON.stringify({ text: "x".repeat(1_000_000) }),
  "1,000,000 characters with accents": JSON.stringify({ text: textOf(500_000, 1).replaceAll("e", "e\u0301") }),
  "180,000 tokens": JSON.stringify({ tokens: new Array(180_000).fill(12) }),
};

const tensor = (shape: unknown[], datatype: string, data: unknown[]) => ({ name: "text", shape, datatype, data });
const inferences: Readonly<Record<string, string>> = {
  "infer: 1,024 texts of 900 characters": JSON.stringify({
    inputs: [tensor([1024], "BYTES", Array.from({ length: 1024 }, (_, index) => textOf(900, index)))],
  }),
  "infer: a shape of 180,000 (refused)": JSON.stringify({
    inputs: [tensor(new Array(180_000).fill(null), "BYTES", [])],
  }),
  "infer: 9,000 parameters": `{"parameters":${keys(9000, 100)},"inputs":[${
    JSON.stringify(tensor([1], "BYTES", ["a"]))
  }]}`,
};
const starts: Readonly<Record<string, string>> = {
  "POST /runs: one key of 1,000,000 (refused)": keys(1, 1_000_000),
  "POST /runs: 9,000 keys of 100 (refused)": keys(9000, 100),
  "POST /runs: 19,000 names of files (refused)": JSON.stringify({
    data: Array.from({ length: 19_000 }, (_, index) => `${index}.csv`),
  }),
  "POST /runs: 180,000 times null for a name (refused)": JSON.stringify({ data: new Array(180_000).fill(null) }),
  "POST /runs: a large value (refused)": JSON.stringify({ seed: new Array(180_000).fill(12) }),
};

/** Returns the longest gap between two turns of the loop, in milliseconds, during `work`. */
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

const model = await readModel(await resolveRun(Deno.args[0] ?? "runs/latest"));
const predictor = new ThreadPredictor({
  model,
  newest: () => model.version,
  checkpoints: { list: () => Promise.resolve([]), read: () => Promise.resolve(undefined) },
  workerUrl: new URL("../../workers/predict.ts", import.meta.url),
  onIncident: (message) => {
    throw new Error(message);
  },
  limits: { batchMax: 64, batchDelayMs: 0, queueMax: 4096, timeoutMs: 10_000 },
});
const services = fakeServices(fakeRuns([new FakeRun("r1")]), { predictor });
const config = resolveConfig(undefined, []);
const start = async (values: Readonly<Record<string, unknown>>) => {
  await requestedRun(values, config);
  throw new Error("The benchmark's runs are all refused");
};
const app = createApp({ ...services, runs: { ...services.runs, start } });
await predictor.model();
const rows: string[][] = [];
const all = [
  ...Object.entries(bodies).map(([name, body]) => ["/predict", name, body] as const),
  ...Object.entries(inferences).map(([name, body]) => ["/v2/models/lockstep/infer", name, body] as const),
  ...Object.entries(starts).map(([name, body]) => ["/runs", name, body] as const),
];
for (const [path, name, body] of all) {
  const headers = { "Content-Length": String(new TextEncoder().encode(body).length) };
  const ask = async () => await (await app.request(path, { method: "POST", body, headers })).text();
  const gaps: number[] = [];
  for (let request = 0; request < REQUESTS; request++) gaps.push(await longestGap(ask));
  rows.push([name, significant(body.length / 2 ** 20), significant(Math.min(...gaps)), significant(median(gaps))]);
}
Deno.stdout.writeSync(
  new TextEncoder().encode(`${table(["body", "MiB", "least ms", "median ms"], rows).join("\n")}\n`),
);
Deno.exit();
