// deno-lint-ignore-file no-console -- a command for people
/**
 * Compares lockstep/predict with other libraries that classify texts in Node: on the same texts, each with a model of the
 * same rows, in turns, each turn in a process of its own. It installs the others with npm into a temporary folder; what is
 * missing is reported as absent. Flags: `--seconds` of each measurement, `--repeats`, and `--node`, a program.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { failedTurn, output } from "./command.ts";
import { alternate, median } from "./measure.ts";
import { significant, table } from "./table.ts";

const root = new URL("../", import.meta.url);
const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    repeats: { type: "string", default: "5" },
    node: { type: "string" },
  },
});

/** The packages of the others, with their versions. */
const PACKAGES = { "tfjs export": "@tensorflow/tfjs@4.22.0", "onnxruntime-node": "onnxruntime-node@1.30.0" };
const FASTTEXT = "fasttext.wasm.js@1.0.0";
const NAMES = ["lockstep/predict", ...Object.keys(PACKAGES), "fasttext.wasm.js"];

const turn = z.object({ firstMs: z.number(), one: z.number(), many: z.number(), explain: z.number().optional() });
type Turn = z.infer<typeof turn>;

const deno = (...args: readonly string[]) => output(Deno.execPath(), ["run", "-q", "-A", "--no-check", ...args], root);

/** Trains on the example's tickets, exports the model, and writes the texts that are predicted. */
async function prepare(folder: string): Promise<void> {
  const tickets = join(folder, "tickets.csv");
  await writeFile(tickets, `${await deno("examples/tickets.ts")}\n`);
  const runs = ["--runs-dir", join(folder, "runs")];
  await deno("main.ts", "train", "--data", tickets, ...runs, "--exit");
  for (const format of ["js", "tfjs", "onnx"]) {
    await deno("main.ts", "export", "latest", ...runs, "--to", format, "--out", join(folder, format));
  }
  const rows = (await readFile(tickets, "utf8")).trim().split("\n").slice(1)
    .map((line) => /^(?:"(?<quoted>(?:[^"]|"")*)"|(?<plain>[^,]*)),(?<label>[^,]*)$/.exec(line)!.groups!)
    .map(({ quoted, plain, label }) => ({ text: quoted?.replaceAll('""', '"') ?? plain!, label: label! }));
  await writeFile(join(folder, "texts.json"), JSON.stringify(rows.map(({ text }) => text)));
  const spaced = (text: string) => text.toLowerCase().replaceAll(/[^\p{L}\p{N}\s]/gu, " $& ");
  const lines = rows.map(({ text, label }) => `__label__${label} ${spaced(text)}\n`);
  await writeFile(join(folder, "fasttext.txt"), lines.join(""));
}

/** Installs what the others need; returns why a name is absent. */
async function install(folder: string): Promise<Map<string, string>> {
  const absent = new Map<string, string>();
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const npm = (specifier: string) =>
    output("npm", ["install", "--ignore-scripts", "--no-fund", "--no-audit", "--prefix", folder, specifier]);
  const attempt = (name: string, work: () => Promise<unknown>) =>
    work().catch((error: Error) => void absent.set(name, error.message.split("\n").at(-1)!));
  for (const [name, specifier] of Object.entries(PACKAGES)) await attempt(name, () => npm(specifier));
  await attempt("fasttext.wasm.js", async () => {
    await npm(FASTTEXT);
    const [input, target] = [join(folder, "fasttext.txt"), join(folder, "fasttext")];
    // With the usual two million buckets the model of these few rows has 800 MB.
    const options = ["-epoch", "25", "-wordNgrams", "2", "-bucket", "20000"];
    await output("fasttext", ["supervised", "-input", input, "-output", target, ...options]);
  });
  return absent;
}

/** Returns the newest Node that npm has, or the one that is installed. */
async function nodeProgram(): Promise<string> {
  if (flags.node !== undefined) return flags.node;
  return await output("npx", ["-y", "node@26", "-p", "process.execPath"]).catch(() => "node");
}

const folder = await mkdtemp(join(tmpdir(), "lockstep-library-"));
try {
  const node = await nodeProgram();
  await mkdir(folder, { recursive: true });
  await prepare(folder);
  const absent = await install(folder);
  const peer = join(folder, "library_peer.js");
  await copyFile(fileURLToPath(new URL("peers/library_peer.js", import.meta.url)), peer);
  const turns = new Map<string, Turn[]>(NAMES.map((name) => [name, []]));
  await alternate(NAMES.filter((name) => !absent.has(name)), Number(flags.repeats), async (name, repeat) => {
    try {
      const said = await output(node, [peer, name, folder, flags.seconds], new URL(`file://${folder}/`));
      turns.get(name)!.push(turn.parse(JSON.parse(said.split("\n").at(-1)!)));
      return true;
    } catch (error) {
      absent.set(name, failedTurn(error, repeat));
      return false;
    }
  });
  const rateOf = (name: string, key: keyof Turn) => {
    const all = turns.get(name)!.flatMap((one) => one[key] ?? []);
    return all.length > 0 ? median(all) : undefined;
  };
  const explained = turns.get("lockstep/predict")!.flatMap(({ explain }) => explain ?? []);
  const times = (name: string, key: keyof Turn) => {
    const [own, base] = [rateOf(name, key), rateOf("tfjs export", key)];
    return own && base ? `${significant(own / base)} ×` : "-";
  };
  console.log(`Node ${await output(node, ["--version"])}, texts/s, median of ${flags.repeats} turns\n`);
  const rows = NAMES.map((name) => [
    name,
    significant(rateOf(name, "one")),
    times(name, "one"),
    significant(rateOf(name, "many")),
    times(name, "many"),
    significant(rateOf(name, "firstMs")),
  ]);
  const head = ["library", "one by one", "÷ tfjs", "batches of 64", "÷ tfjs", "ms to first answer"];
  for (const line of table(head, rows)) console.log(line);
  if (explained.length > 0) console.log(`\nlockstep/predict explains ${significant(median(explained))} texts/s`);
  for (const [name, why] of absent) console.log(`${name}: absent: ${why}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
