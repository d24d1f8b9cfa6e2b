import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { NamedTensor } from "../../lib/base/safetensors_header.ts";
import { sha256 } from "../../lib/base/sha256.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/model/formats/safetensors.ts";
import { wholeModel } from "../../lib/predict/trained_model.ts";
import { decodeModel, encodeModel, type WholeModel } from "../../lib/standalone/model_file.ts";
import { models } from "./models.ts";

const all = models();
const withNgrams = all.get("words with letters and n-grams, two directions")!;
const plain = (model: WholeModel) => ({ ...model, config: JSON.parse(JSON.stringify(model.config)) });

for (const [name, model] of all) {
  Deno.test(`decodeModel() gives back what encodeModel() was given: ${name}`, async () => {
    const whole = wholeModel(model);
    const bytes = await encodeModel(whole);
    assertEquals(plain(await decodeModel(bytes)), plain(whole));
    // Inside a longer buffer, at an odd place.
    const inside = new Uint8Array(bytes.length + 9);
    inside.set(bytes, 5);
    assertEquals(plain(await decodeModel(inside.subarray(5, 5 + bytes.length))), plain(whole));
    // A Buffer of Node shares its memory with its slices.
    const buffer = Buffer.from(bytes);
    assertEquals(plain(await decodeModel(buffer)), plain(whole));
    assertEquals(buffer, Buffer.from(bytes));
  });
}

Deno.test("encodeModel() writes safetensors that other programs read", async () => {
  const { tensors } = decodeSafetensors(await encodeModel(wholeModel(withNgrams)));
  assertEquals(tensors.map(({ name }) => name), [
    "embedding/embeddings",
    ...["forward", "backward"].flatMap((direction) =>
      ["kernel", "recurrent_kernel", "bias"].map((name) => `lstm/${direction}_lstm/${name}`)
    ),
    "dense/kernel",
    "dense/bias",
    "ngrams/keys",
    "ngrams/importance",
    "ngrams/weights",
    "ngrams/bias",
  ]);
});

Deno.test("decodeModel() refuses a file with any changed byte, and every beginning of one", async () => {
  const bytes = await encodeModel(wholeModel(withNgrams));
  for (let at = 0; at < bytes.length; at += at < 2500 ? 7 : 97) {
    await assertRejects(() => decodeModel(bytes.with(at, bytes[at]! ^ 1)), RangeError);
    await assertRejects(() => decodeModel(bytes.slice(0, at)), RangeError);
  }
});

interface Content {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedTensor[];
}

/** Returns a file with any content and the checksum that fits. */
async function sealed({ metadata, tensors }: Content): Promise<Uint8Array<ArrayBuffer>> {
  const zeros = "0".repeat(64);
  const bytes = encodeSafetensors({ metadata: { ...metadata, checksum: zeros }, tensors });
  const at = new TextDecoder("latin1").decode(bytes).indexOf(zeros);
  bytes.set(new TextEncoder().encode(await sha256(bytes)), at);
  return bytes;
}

const good = decodeSafetensors(await encodeModel(wholeModel(withNgrams)));
const about = JSON.parse(good.metadata.lockstep!);
const saidBefore = JSON.parse(good.metadata.preprocessing!);
const withAbout = (change: object) => ({
  ...good,
  metadata: { ...good.metadata, lockstep: JSON.stringify({ ...about, ...change }) },
});
const withModel = (change: object) => withAbout({ model: { ...about.model, ...change } });
const withText = (change: object) => ({
  ...good,
  metadata: { ...good.metadata, preprocessing: JSON.stringify({ ...saidBefore, ...change }) },
});
const withTensor = (name: string, change: (tensor: NamedTensor) => Partial<NamedTensor>) => ({
  ...good,
  tensors: good.tensors.map((tensor) => tensor.name === name ? { ...tensor, ...change(tensor) } : tensor),
});

const noNumbers = ({ values }: NamedTensor) => ({ values: values.map(() => NaN) });
const infinite = ({ values }: NamedTensor) => ({ values: values.map(() => -Infinity) });

const refused: [what: string, content: Content, message: string][] = [
  ["another format", withAbout({ format: 3 }), "lockstep.format is 3: expected 1 or 2"],
  ["no labels", withAbout({ labels: [] }), "lockstep.labels has 0 items"],
  ["a label that is no text", withAbout({ labels: ["a", 5] }), "lockstep.labels[1] is 5: expected a text"],
  ["more labels than classes", withAbout({ labels: ["a", "b", "c"] }), "lockstep.model.classes is 2: expected 3"],
  ["a fractional round", withAbout({ round: 0.5 }), "lockstep.round is 0.5: expected a whole number"],
  ["an endless length", withAbout({ length: 1e9 }), "lockstep.length is 1000000000: expected a whole number from 1"],
  ["a length of its own", withAbout({ length: 7 }), "lockstep.length is 7: expected 4"],
  ["no width", withModel({ hidden: 0 }), "lockstep.model.hidden is 0: expected a whole number from 1"],
  ["a width that is a text", withModel({ embedding: "5" }), `lockstep.model.embedding is "5": expected a whole`],
  ["a missing number", withModel({ layers: undefined }), "lockstep.model.layers is missing: expected a whole"],
  ["an unknown pooling", withModel({ pooling: "sum" }), `lockstep.model.pooling is "sum": expected "last" or`],
  ["three biases", withModel({ lstmBiases: 3 }), "lockstep.model.lstmBiases is 3: expected 1 or 2"],
  ["another width", withModel({ hidden: 6 }), `kernel" is [`],
  ["another layer", withModel({ layers: 2 }), `tensor "lstm_2/forward_lstm/kernel" is [missing]`],
  ["another vocabulary", withModel({ vocabulary: 13 }), "lockstep.model.vocabulary is 13: expected 12"],
  ["a certain threshold", withAbout({ rejection: { threshold: 2, points: [] } }), "lockstep.rejection.threshold is 2"],
  ["thresholds without number", withAbout({ rejection: { threshold: 0, points: {} } }), "lockstep.rejection.points is"],
  ["no share", withAbout({ ngrams: { ...about.ngrams, share: -1 } }), "lockstep.ngrams.share is -1"],
  ["no exponent", withAbout({ ngrams: { ...about.ngrams, exponent: null } }), "lockstep.ngrams.exponent is null"],
  ["long n-grams", withAbout({ ngrams: { ...about.ngrams, order: 99 } }), "lockstep.ngrams.order is 99"],
  ["n-grams without numbers", withAbout({ ngrams: undefined }), "lockstep.ngrams is missing"],
  ["no JSON", { ...good, metadata: { lockstep: "{" } }, "metadata lockstep is not JSON"],
  ["no preprocessing", { ...good, metadata: { lockstep: good.metadata.lockstep! } }, "without preprocessing"],
  ["an unknown tokenizer", withText({ tokenizer: { kind: "bert" } }), `preprocessing.tokenizer.kind is "bert"`],
  ["an unknown option", withText({ stemming: true }), 'preprocessing has the key "stemming": expected only'],
  ["a token that is no text", withText({ vocabulary: [1] }), "preprocessing.vocabulary[0] is 1: expected a text"],
  ["no tokens", withText({ maxLength: 0 }), "preprocessing.maxLength is 0"],
  ["other rules", withText({ rules: 3 }), "preprocessing.rules is 3: expected 1 or 2"],
  ["a weight that is no number", withTensor("dense/bias", () => ({ values: Float32Array.of(1, NaN) })), "dense/bias"],
  ["an infinite weight", withTensor("dense/bias", () => ({ values: Float32Array.of(1, Infinity) })), "dense/bias"],
  ["a tensor of another name", withTensor("dense/bias", () => ({ name: "bias" })), `"dense/bias" is [missing]`],
  [
    "one more tensor",
    { ...good, tensors: [...good.tensors, { name: "x", shape: [0], values: new Float32Array(0) }] },
    `"x"`,
  ],
  ["an importance that is no number", withTensor("ngrams/importance", noNumbers), `"importance" has a value`],
  ["an infinite weight of n-grams", withTensor("ngrams/bias", infinite), `tensor "bias" has a value that is no`],
  ["half a key", withTensor("ngrams/keys", ({ values }) => ({ values: values.with(0, 0.5) })), "half a key is 0.5"],
  ["fewer keys", withTensor("ngrams/keys", ({ values }) => ({ shape: [1, 2], values: values.slice(0, 2) })), "keys"],
];
for (const [what, content, message] of refused) {
  Deno.test(`decodeModel() refuses ${what}, and names it`, async () => {
    const names = Object.keys(content.metadata);
    const metadata = { checksum: "", ...content.metadata };
    assert(names.length > 0);
    await assertRejects(async () => await decodeModel(await sealed({ ...content, metadata })), RangeError, message);
  });
}

Deno.test("decodeModel() refuses an exponent that JSON says is infinite", async () => {
  const lockstep = good.metadata.lockstep!.replace(`"exponent":${about.ngrams.exponent}`, '"exponent":1e999');
  assertNotEquals(lockstep, good.metadata.lockstep);
  const bytes = await sealed({ ...good, metadata: { ...good.metadata, checksum: "", lockstep } });
  await assertRejects(() => decodeModel(bytes), RangeError, "lockstep.ngrams.exponent is ");
});

Deno.test("decodeModel() throws only RangeErrors at any JSON", async () => {
  await fc.assert(fc.asyncProperty(fc.constantFrom("lockstep", "preprocessing"), fc.json(), async (name, json) => {
    const bytes = await sealed({ ...good, metadata: { ...good.metadata, checksum: "", [name]: json } });
    await assertRejects(() => decodeModel(bytes), RangeError);
  }));
});

Deno.test("decodeModel() throws only RangeErrors at changed numbers of a file with a fitting checksum", async () => {
  const paths: readonly (readonly string[])[] = [
    ...["round", "length", "format"].map((name) => [name]),
    ...Object.keys(about.model).map((name) => ["model", name]),
    ...Object.keys(about.ngrams).map((name) => ["ngrams", name]),
  ];
  const numbers = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(2 ** 31, 2 ** 53, 1e300, -0, null, [], {}));
  await fc.assert(fc.asyncProperty(fc.constantFrom(...paths), numbers, async (path, value) => {
    const changed = structuredClone(about);
    const parent = path.length === 1 ? changed : changed[path[0]!];
    const before = parent[path.at(-1)!];
    parent[path.at(-1)!] = value;
    const metadata = { ...good.metadata, checksum: "", lockstep: JSON.stringify(changed) };
    try {
      const { weights } = await decodeModel(await sealed({ ...good, metadata }));
      assertNotEquals(weights.length, 0);
    } catch (error) {
      assert(error instanceof RangeError, `${path} = ${value} instead of ${before}: ${error}`);
    }
  }));
});
