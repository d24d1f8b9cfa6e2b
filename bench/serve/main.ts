/**
 * Runs `deno task bench:serve`: predictions over HTTP beside a bare route on the same runtime and beside FastAPI with
 * PyTorch, in turns; then predictions and event streams while a run trains, and their cost; then a long history.
 */
import { basename } from "node:path";
import { parseArgs } from "@std/cli/parse-args";
import { resolveRun } from "../../lib/run/files/directory.ts";
import { environment, environmentLines } from "../environment.ts";
import { alternate, median, ratioOf } from "../measure.ts";
import { findFastApi, findPytorch } from "../peers/pytorch.ts";
import { percent, significant, table } from "../table.ts";
import { openingSeconds, writeLongRun } from "../history.ts";
import { type Contestant, product, ROOT, serve } from "./server.ts";
import { type Load, load } from "./wrk.ts";

const HELP = `Usage: deno task bench:serve [FLAGS]

  --only PART     one part: predict (beside others), training (predictions meanwhile), streams (a thousand meanwhile),
                  history (of a million events, opened)
  --seconds S     length of a measurement, after as long a warm-up [5]
  --repeats N     turns of each contestant [3]
  --help          this
`;
const PARTS = ["predict", "training", "streams", "history"] as const;
const BODY = '{"tokens":[21,6,37,33,18,48,1,25]}';
const print = (lines: readonly string[]) =>
  void Deno.stdout.writeSync(new TextEncoder().encode(`${lines.join("\n")}\n`));

/** Compares requests per second at 50 connections. */
async function compare(runs: string, withFastApi: boolean, seconds: number, repeats: number): Promise<void> {
  const contestants: Contestant[] = [
    product("serve", runs, `${runs}/latest`),
    { name: "bare Hono route", command: Deno.execPath(), args: ["run", "-q", "-A", "bench/peers/bare_hono.ts"] },
    ...(withFastApi
      ? [{
        name: "FastAPI + PyTorch",
        command: "/usr/bin/python3",
        args: ["-B", `${ROOT}bench/peers/fastapi_predict.py`],
      }]
      : []),
  ];
  const loads = new Map<string, Load[]>(contestants.map(({ name }) => [name, []]));
  await alternate(contestants, repeats, async (contestant) => {
    await using server = await serve(contestant);
    const options = { url: `${server.url}/predict`, body: BODY, connections: 50, seconds };
    await load(options);
    loads.get(contestant.name)!.push(await load(options));
    return true;
  });
  const rate = (name: string) => loads.get(name)!.map(({ requestsPerSecond }) => requestsPerSecond);
  const rows = contestants.map(({ name }) => [
    name,
    significant(median(rate(name))),
    significant(median(loads.get(name)!.map(({ p50Ms }) => p50Ms))),
    significant(median(loads.get(name)!.map(({ p99Ms }) => p99Ms))),
    significant(ratioOf(rate("lockstep"), rate(name)).ratio),
  ]);
  print(["", "POST /predict, one sequence, 50 connections"]);
  print(table(["", "requests/s", "p50 ms", "p99 ms", "lockstep ÷ it"], rows));
}

/** Waits until the server's predictor answers: its thread starts at the first request. */
async function ready(url: string): Promise<void> {
  while (!(await fetch(`${url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Returns the rounds per second of the run at `url` during `meanwhile`. */
async function roundsPerSecond(url: string, meanwhile: () => Promise<unknown>): Promise<number> {
  const rounds = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return [Number(/^lockstep_training_round (\d+)/m.exec(text)?.[1] ?? 0), performance.now()] as const;
  };
  const [before, begun] = await rounds();
  await meanwhile();
  const [after, ended] = await rounds();
  return (after - before) / (ended - begun) * 1000;
}

const ENDLESS = ["--workers", "2", "--epochs", "1000000", "--target-accuracy", "0"];

/** Measures predictions at 10 connections while two workers train. */
async function whileTraining(runs: string, seconds: number, repeats: number): Promise<void> {
  await using server = await serve(product("train", runs, ...ENDLESS));
  const options = { url: `${server.url}/predict`, body: BODY, connections: 10, seconds };
  await ready(server.url);
  await load(options);
  const loads: Load[] = [];
  const alone: number[] = [];
  const loaded: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const pause = () => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    alone.push(await roundsPerSecond(server.url, pause));
    loaded.push(await roundsPerSecond(server.url, async () => loads.push(await load(options))));
  }
  print(["", "While 2 workers train, 10 connections"]);
  print(table(["requests/s", "p50 ms", "p99 ms", "rounds/s without", "rounds/s meanwhile", "training slowed by"], [[
    significant(median(loads.map(({ requestsPerSecond }) => requestsPerSecond))),
    significant(median(loads.map(({ p50Ms }) => p50Ms))),
    significant(median(loads.map(({ p99Ms }) => p99Ms))),
    significant(median(alone)),
    significant(median(loaded)),
    percent(1 - median(loaded) / median(alone)),
  ]]));
}

const STREAMS = 1000;
const STREAM_COLUMNS: readonly { readonly head: string; readonly format: (value: number) => string }[] = [
  { head: "rounds/s without", format: significant },
  { head: "meanwhile", format: significant },
  { head: "slowed by", format: percent },
  { head: "clients' CPU", format: percent },
  { head: "beyond it", format: percent },
  { head: "events each", format: significant },
  { head: "gaps", format: String },
  { head: "MiB more", format: significant },
];

/** Measures a thousand event streams while two workers train, and their cost beyond the CPU of their clients. */
async function streamsWhileTraining(runs: string, seconds: number, repeats: number): Promise<void> {
  await using server = await serve(product("train", runs, ...ENDLESS));
  await ready(server.url);
  const pause = () => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const memory = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^lockstep_resident_memory_bytes (\d+)/m.exec(text)?.[1]) / 2 ** 20;
  };
  await pause();
  const turns: number[][] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const before = await memory();
    const alone = await roundsPerSecond(server.url, pause);
    const clients = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-A", `${ROOT}bench/serve/stream_clients.ts`, new URL(server.url).port, String(STREAMS)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = clients.stdout.pipeThrough(new TextDecoderStream()).getReader();
    if ((await lines.read()).value?.trim() !== "open") throw new Error("The streams did not open");
    const loaded = await roundsPerSecond(server.url, pause);
    const after = await memory();
    const writer = clients.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n"));
    const { events, gaps, cpuSeconds } = JSON.parse((await lines.read()).value!);
    await writer.close().catch(() => {});
    await clients.status;
    const slowed = 1 - loaded / alone;
    const own = cpuSeconds / seconds / navigator.hardwareConcurrency;
    turns.push([alone, loaded, slowed, own, slowed - own, events / STREAMS, gaps, after - before]);
  }
  const medians = turns[0]!.map((_, column) => median(turns.map((turn) => turn[column]!)));
  const rows = [...turns, medians].map((turn, index) => [
    index < turns.length ? String(index + 1) : "median",
    ...turn.map((value, column) => STREAM_COLUMNS[column]!.format(value)),
  ]);
  print(["", `While 2 workers train, ${STREAMS} event streams`]);
  print(table(["turn", ...STREAM_COLUMNS.map(({ head }) => head)], rows));
}

const EVENTS = 1_000_000;

/** Measures the seconds from a request to the last event of a long run, on a server that has just started, and again. */
async function longHistory(runs: string, repeats: number): Promise<void> {
  const run = await writeLongRun(await resolveRun(`${runs}/latest`), EVENTS);
  const cold: number[] = [];
  const warm: number[] = [];
  let events = 0;
  for (let repeat = 0; repeat < repeats; repeat++) {
    await using server = await serve(product("serve", runs, run));
    for (const seconds of [cold, warm]) {
      const opened = await openingSeconds(`${server.url}/runs/${basename(run)}/events`);
      seconds.push(opened.seconds);
      events = opened.events;
    }
  }
  print(["", `The history of ${EVENTS} events, to its end`]);
  const head = ["seconds at first", "again", "longest at first", "events sent"];
  print(
    table(head, [[
      significant(median(cold)),
      significant(median(warm)),
      significant(Math.max(...cold)),
      String(events),
    ]]),
  );
}

if (import.meta.main) {
  const parsed = parseArgs(Deno.args, { string: ["only", "seconds", "repeats"], boolean: ["help"] });
  const [seconds, repeats] = [Number(parsed.seconds ?? 5), Number(parsed.repeats ?? 3)];
  const parts = PARTS.filter((part) => parsed.only === undefined || part === parsed.only);
  if (
    parsed.help || parts.length === 0 || !Number.isInteger(seconds) || !Number.isInteger(repeats) || seconds < 1 ||
    repeats < 1
  ) {
    print([HELP.trimEnd()]);
    Deno.exit(parsed.help ? 0 : 2);
  }
  const runs = await Deno.makeTempDir();
  try {
    const pytorch = await findPytorch();
    const fastApi = "version" in pytorch ? await findFastApi() : pytorch;
    print([...environmentLines(environment(pytorch)), ..."reason" in fastApi ? [fastApi.reason] : []]);
    const train = product("train", runs, "--exit");
    await new Deno.Command(train.command, { args: [...train.args], cwd: ROOT, stdout: "null" }).output();
    if (parts.includes("predict")) await compare(runs, "version" in fastApi, seconds, repeats);
    if (parts.includes("training")) await whileTraining(runs, seconds, repeats);
    if (parts.includes("streams")) await streamsWhileTraining(runs, seconds, repeats);
    if (parts.includes("history")) await longHistory(runs, repeats);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}
