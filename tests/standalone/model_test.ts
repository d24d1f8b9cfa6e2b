/** Compares predictions of a model in one file with those of the server, bit by bit. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "../../lib/base/errors.ts";
import { exactTokenizer } from "../../lib/data/tokenizers/exact_tokenizer.ts";
import { compileExact, compileForward } from "../../lib/engine/simd/forward_kernels.ts";
import { openSaved } from "../../lib/predict/batch_predictor.ts";
import { type TrainedModel, wholeModel } from "../../lib/predict/trained_model.ts";
import { Model } from "../../lib/standalone/model.ts";
import { decodeModel, encodeModel } from "../../lib/standalone/model_file.ts";
import { createReader } from "../../lib/standalone/reader.ts";
import { load } from "../../predict.ts";
import { inTemporaryDirectory } from "../run/temporary.ts";
import { inputsOf, models } from "./models.ts";

const all = models();
const words = all.get("words with letters and n-grams, two directions")!;

/** Returns what the server answers, one by one and in batches. */
async function served(model: TrainedModel) {
  const predict = await openSaved(model, 64);
  const reader = createReader(model.config, model.preprocessing);
  const inputs = inputsOf(model).map((input) =>
    typeof input === "string" ? reader.readText(input, "the text") : reader.readTokens(input, "the tokens")
  );
  return { one: inputs.flatMap((input) => predict([input])), many: predict(inputs) };
}

for (const [name, trained] of all) {
  for (const [kernels, compile] of Object.entries({ fast: compileForward, exact: compileExact })) {
    Deno.test(`Model.predict() has the server's bits with the ${kernels} kernels: ${name}`, async () => {
      const whole = await decodeModel(await encodeModel(wholeModel(trained)));
      const tokenizer = whole.preprocessing && exactTokenizer(whole.preprocessing.tokenizer);
      using model = new Model(whole, tokenizer, await compile());
      const inputs = inputsOf(trained);
      const expected = await served(trained);
      // Assertions take -0 and 0 for different numbers, and see every bit of a number.
      const rowOf = ({ probability, top: _, ...rest }: ReturnType<Model["predict"]>) => {
        assertEquals(probability, Math.max(...rest.probabilities));
        return rest;
      };
      assertEquals(inputs.map((input) => rowOf(model.predict(input))), expected.one);
      assertEquals(model.predictMany(inputs).map(rowOf), expected.many);
      // Rooms have grown; the first answer stays the same.
      assertEquals(rowOf(model.predict(inputs[0]!)), expected.one[0]);
    });
  }
}

Deno.test("compileForward() chooses the fast kernels where the engine has structs", async () => {
  assert("forward" in await compileForward());
});

const opened = async () => await load(await encodeModel(wholeModel(words)));

Deno.test("Model.predict() lists the most probable classes and rejects as the precision says", async () => {
  using model = await opened();
  const { top, probabilities, label, probability } = model.predict("ha ho", { top: 5, reject: 0 });
  const sorted = probabilities.map((value, index) => [model.labels[index]!, value] as const)
    .sort((a, b) => b[1] - a[1]);
  assertEquals(top!.map((one) => [one.label, one.probability]), sorted.map(([name, value]) => [name, value]));
  assertEquals([label, probability], [sorted[0]![0], sorted[0]![1]]);
  assertEquals(model.predictMany(["ha ho", "he"], { top: 1 }).map((one) => one.top!.length), [1, 1]);
  const error = assertThrows(() => model.predict("ha ho", { reject: 0.95 }), InputError);
  assertMatch(error.message, /`reject` is 0.95: expected at most 0.9/);
});

Deno.test("Model.predict() refuses inputs that it does not take, and names them", async () => {
  using model = await opened();
  const wrong: [input: unknown, message: RegExp][] = [
    [undefined, /^inputs\[1\] is missing: expected a list of at least one token/],
    [[], /^inputs\[1\] is \[\]: expected a list/],
    [{ text: "ha" }, /^inputs\[1\] is \{"text":"ha"\}: expected a list/],
    [["ha", null], /^inputs\[1\]\[1\] is null: expected a text or a number/],
  ];
  for (const [input, message] of wrong) {
    // deno-lint-ignore no-explicit-any -- as a caller in JavaScript would
    const error = assertThrows(() => model.predictMany(["ha", input as any]), InputError);
    assertMatch(error.message, message);
  }
  using ids = await load(await encodeModel(wholeModel(all.get("ids")!)));
  assertThrows(() => ids.predict("ha"), InputError, "input is a text: expected tokens");
  assertThrows(() => ids.predict([1, 2, 3, 99]), InputError, "input[3] is 99: expected a whole number from 0 to");
});

Deno.test("Model.close() ends predictions", async () => {
  const model = await opened();
  model.predict("ha");
  model.close();
  assertThrows(() => model.predict("ha"), TypeError, "The model is closed");
});

Deno.test("load() takes tokens, and refuses texts, of a tokenizer.json by the first rules", async () => {
  const trained = all.get("a tokenizer of Hugging Face with letters")!;
  const { rules: _, ...preprocessing } = trained.preprocessing!;
  using model = await load(await encodeModel(wholeModel({ ...trained, preprocessing })));
  assertEquals(model.predict(["ha", "ho"]).probabilities.length, 2);
  assertThrows(() => model.predict("ha ho"), InputError, "input cannot be cut into tokens");
});

Deno.test("load() takes kernels that the runtime compiled, and refuses what is none", async () => {
  const bytes = await encodeModel(wholeModel(words));
  const compiled = async (name: string) =>
    await WebAssembly.compile(await Deno.readFile(new URL(`../../kernels/${name}.wasm`, import.meta.url)));
  const [forward, products] = [await compiled("forward"), await compiled("forward_products")];
  using own = await load(bytes);
  using given = await load(bytes, { kernels: { forward, products } });
  assertEquals(given.predict("good film").probabilities, own.predict("good film").probabilities);
  await assertRejects(
    () => load(bytes, { kernels: { forward, products: {} } }),
    TypeError,
    "expected compiled modules",
  );
});

Deno.test("load() reads paths, folders, addresses, answers and bytes", async () => {
  const bytes = await encodeModel(wholeModel(words));
  const answer = (await opened()).predict("ha ho");
  await inTemporaryDirectory(async (folder) => {
    const path = join(folder, "model.lockstep");
    await Deno.writeFile(path, bytes);
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      const { pathname } = new URL(request.url);
      return pathname === "/a/model.lockstep" ? new Response(bytes) : new Response("", { status: 404 });
    });
    try {
      const address = `http://127.0.0.1:${server.addr.port}/a/`;
      const sources = [
        path,
        folder,
        `${folder}/`,
        pathToFileURL(path),
        pathToFileURL(folder),
        pathToFileURL(path).href,
        bytes.buffer,
        new Response(bytes),
        `${address}model.lockstep`,
        new URL(address),
      ];
      for (const source of sources) {
        using model = await load(source);
        assertEquals(model.predict("ha ho"), answer);
      }
      await assertRejects(
        () => load(`${address}other`),
        Error,
        `Cannot load "${address}other": the server answered 404`,
      );
      await assertRejects(() => load(join(folder, "none")), Error, "ENOENT");
      await assertRejects(() => load(new Uint8Array(99)), RangeError, "Cannot load the bytes: it is no model.lockstep");
    } finally {
      await server.shutdown();
    }
  });
});
