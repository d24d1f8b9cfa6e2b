import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type ConfigSource, resolveConfig } from "../../lib/config/resolve.ts";
import { type ConfigKey, configSchema, fileShape, trainingConfig, trainingShape } from "../../lib/config/schema.ts";
import { InputError } from "../../lib/base/errors.ts";

type Values = Readonly<Record<string, unknown>>;

const keys = Object.keys(configSchema.shape);
const file = (values: Values): ConfigSource => ({ values, nameOf: (key) => `${key} in run.json` });
const flags = (values: Values): ConfigSource => ({ values, nameOf: (key) => `--${key}` });

function problemsOf(preset: string | undefined, ...sources: ConfigSource[]): [field: string, message: string][] {
  const error = assertThrows(() => resolveConfig(preset, sources), InputError);
  assertEquals(error.message, error.problems.map(({ message }) => message).join("\n"));
  return error.problems.map(({ field, message }) => [field, message]);
}

Deno.test("resolveConfig() gives the default recipe without any source", () => {
  assertEquals(resolveConfig(undefined, []), {
    task: "parity",
    vocabulary: 50,
    length: 8,
    embedding: 32,
    letterRows: 0,
    hidden: 64,
    layers: 1,
    bidirectional: false,
    pooling: "last",
    dropout: 0,
    embeddingInit: 1,
    forgetBias: 1,
    biasInit: "frequency",
    lstmBiases: 1,
    weights: "",
    seed: 1,
    shards: 4,
    batchSize: 128,
    averageEvery: 1,
    clusterEvery: 1,
    groups: 1,
    average: "weights",
    moments: "average",
    learningRate: 0.01,
    schedule: "constant",
    warmupSteps: 0,
    weightDecay: 0,
    embeddingRows: "lazy",
    classWeights: "none",
    adamEpsilon: 1e-8,
    clipNorm: 1,
    epochs: 50,
    extendedAfter: "",
    stepsPerEpoch: 20,
    heldOut: 2048,
    targetAccuracy: 0.995,
    metric: "log-loss",
    patience: 0,
    restoreBest: false,
    onNan: "stop",
    engine: "simd",
    backend: "wasm",
    data: [],
    from: "",
    replay: 0.2,
    ngrams: "combine",
    vectorsRate: 0.1,
    reject: 0,
    textColumn: "text",
    labelColumn: "label",
    labels: "auto",
    labelSeparator: "",
    thresholdFor: "f1",
    format: "auto",
    delimiter: "auto",
    header: "auto",
    quotes: "double",
    validation: 0.1,
    columns: "",
    groupColumn: "",
    timeColumn: "",
    test: "",
    tokenizer: "auto",
    lowercase: true,
    punctuation: "keep",
    minCount: "auto",
    maxVocabulary: 50_000,
    vectors: "",
    maxVectors: 50_000,
    maxLength: "auto",
    truncate: "end",
    onBadRow: "stop",
    workers: "auto",
    kernels: "auto",
    workerTimeout: 30,
    maxRestarts: 3,
    chaos: "",
    checkpointEvery: "10s",
    keepCheckpoints: 3,
    maxSeconds: 0,
    cluster: "",
    name: "",
    note: "",
    tags: [],
    node: "",
    minNodes: 1,
    clusterWait: 60,
    clusterCredentials: "",
    clusterCa: "",
    host: "127.0.0.1",
    port: 8000,
    tokenFile: "",
    corsOrigin: "",
    publicUrl: "",
    trustProxy: "",
    collect: false,
    labelTokenFile: "",
    keepUncertain: 0,
    redact: "",
    retrainAfter: 0,
    retrainWorkers: 1,
    rateLimit: 0,
    accessLog: false,
    batchMax: 64,
    batchDelayMs: 0,
    queueMax: 4096,
    predictTimeout: 10,
    grace: 5,
    dataDir: "",
    runsDir: "runs",
    keepRuns: 0,
    exit: false,
    log: "text",
    report: "epochs",
  });
  assertEquals(resolveConfig("parity", []), resolveConfig(undefined, []));
});

Deno.test("resolveConfig() has the original notebook as the preset seed", () => {
  assertEquals(resolveConfig("seed", []), {
    ...resolveConfig(undefined, []),
    vocabulary: 50,
    length: 8,
    embedding: 32,
    hidden: 64,
    forgetBias: 0,
    lstmBiases: 2,
    shards: 1,
    batchSize: 50,
    learningRate: 0.01,
    adamEpsilon: 1e-8,
    clipNorm: 0,
    epochs: 50,
    stepsPerEpoch: 1,
    heldOut: 500,
    targetAccuracy: 0,
    report: "notebook",
  });
});

Deno.test("resolveConfig() puts flags over the file over the preset over the defaults", () => {
  const { batchSize, epochs, shards, hidden } = resolveConfig("seed", [
    file({ batchSize: 7, epochs: 8 }),
    flags({ epochs: 9 }),
  ]);
  assertEquals({ batchSize, epochs, shards, hidden }, { batchSize: 7, epochs: 9, shards: 1, hidden: 64 });
});

Deno.test("resolveConfig() names the nearest key when it does not know one", () => {
  assertEquals(problemsOf(undefined, flags({ batchsize: 3 })), [
    ["--batchsize", "Unknown option --batchsize: did you mean --batchSize?"],
  ]);
  assertEquals(problemsOf(undefined, file({ epoch: 3 })), [
    ["epoch in run.json", "Unknown option epoch in run.json: did you mean epochs in run.json?"],
  ]);
});

Deno.test("resolveConfig() names the nearest preset, or all, when it does not know one", () => {
  assertEquals(problemsOf("sed"), [["preset", "Unknown preset sed: did you mean seed?"]]);
  for (const name of ["imagenet", "toString", "__proto__", "constructor", ""]) {
    assertStringIncludes(problemsOf(name)[0]![1], `Unknown preset ${name}: expected one of parity, seed`);
  }
});

const wrong: [values: Values, field: string, message: string][] = [
  [{ batchSize: 0 }, "--batchSize", "--batchSize is 0: expected at least 1"],
  [{ batchSize: 65_537 }, "--batchSize", "--batchSize is 65537: expected at most 65536"],
  [{ batchSize: 1.5 }, "--batchSize", "--batchSize is 1.5: expected a whole number"],
  [{ batchSize: "many" }, "--batchSize", `--batchSize is "many": expected a number`],
  [{ batchSize: NaN }, "--batchSize", "--batchSize is NaN: expected a number"],
  [{ learningRate: Infinity }, "--learningRate", "--learningRate is Infinity: expected a number"],
  [{ learningRate: null }, "--learningRate", "--learningRate is null: expected a number"],
  [{ average: "medians" }, "--average", `--average is "medians": expected weights or gradients`],
  [{ layers: 9 }, "--layers", "--layers is 9: expected at most 8"],
  [{ pooling: "first" }, "--pooling", `--pooling is "first": expected last or mean or max`],
  [{ dropout: 0.95 }, "--dropout", "--dropout is 0.95: expected at most 0.9, as a fraction: 0.2 for 20%"],
  [
    { epochs: 5, extendedAfter: "3,5" },
    "--extendedAfter",
    "--extendedAfter is 3,5: expected ascending numbers below `epochs`, which is 5",
  ],
  [
    { warmupSteps: 1001 },
    "--warmupSteps",
    "--warmupSteps is 1001: expected at most the run's 1,000 steps (`epochs` · `stepsPerEpoch`)",
  ],
  [{ lstmBiases: 3 }, "--lstmBiases", "--lstmBiases is 3: expected 1 or 2"],
  [{ workers: "all" }, "--workers", `--workers is "all": expected auto or a number`],
  [{ workers: 0 }, "--workers", "--workers is 0: expected at least 1"],
  [{ exit: "yes" }, "--exit", `--exit is "yes": expected a boolean`],
  [{ host: "" }, "--host", `--host is "": expected at least 1 character`],
  [{ seed: 2 ** 32 }, "--seed", "--seed is 4294967296: expected at most 4294967295"],
  [
    { average: "gradients", averageEvery: 3 },
    "--averageEvery",
    `--averageEvery is 3: expected 1 with average "gradients", which averages after every step`,
  ],
  [{ groups: 5 }, "--groups", "--groups is 5: expected at most one per shard, and `shards` is 4"],
  [{ clusterEvery: 0 }, "--clusterEvery", "--clusterEvery is 0: expected at least 1"],
  [
    { groups: 2 },
    "--groups",
    "--groups is 2: expected 1 without `clusterEvery`, as groups average only between the phases of a round",
  ],
  [
    { clusterEvery: 3 },
    "--clusterEvery",
    "--clusterEvery is 3: expected 1 with one group, whose mean is that of all shards; or set `groups` to 2 to 4",
  ],
  [
    { clusterEvery: 3, shards: 1 },
    "--clusterEvery",
    "--clusterEvery is 3: expected 1 with one shard, which has no other to average with",
  ],
  [
    { clusterEvery: 3, groups: 2, average: "gradients" },
    "--clusterEvery",
    `--clusterEvery is 3: expected 1 with average "gradients", where no shard has its own weights to average between phases`,
  ],
  [
    { clusterEvery: 3, groups: 2, cluster: "nats://x:1", name: "x", minNodes: 3 },
    "--minNodes",
    "--minNodes is 3: expected at most one machine per group of shards, and `groups` is 2",
  ],
  [{ labels: "many" }, "--labels", "--labels is many: expected one for the task parity"],
  [
    { labels: "one", labelSeparator: "|" },
    "--labelSeparator",
    "--labelSeparator is |: expected no value with `labels` one",
  ],
  [{ thresholdFor: "recall" }, "--thresholdFor", `--thresholdFor is "recall": expected f1, or precision=0.9`],
  [{ shards: 2, workers: 3 }, "--workers", "--workers is 3: expected at most one per shard, and `shards` is 2"],
];
for (const [values, field, message] of wrong) {
  Deno.test(`resolveConfig() says "${message}"`, () =>
    assertEquals(problemsOf(undefined, flags(values)), [[field, message]]));
}

Deno.test("resolveConfig() names every problem at once, each by its source", () => {
  const fields = problemsOf(undefined, file({ hidden: -1 }), flags({ nonsense: 1, epochs: "x" })).map(([field]) =>
    field
  );
  assertEquals(fields.sort(), ["--epochs", "--nonsense", "hidden in run.json"]);
});

for (const key of keys) {
  Deno.test(`resolveConfig() accepts or names any value of ${key}`, () => {
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true }),
      fc.integer(),
      fc.double(),
      fc.string(),
    );
    fc.assert(
      fc.property(anything, (value) => {
        try {
          resolveConfig(undefined, [flags({ [key]: value })]);
        } catch (error) {
          assert(error instanceof InputError, `It threw ${error}`);
          for (const { field, message } of error.problems) {
            assertEquals(field, `--${key}`);
            assert(message.startsWith(`--${key} is `) && message.includes(": expected "), message);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
}

Deno.test("resolveConfig() refuses objects that JSON cannot write", () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  for (const value of [cyclic, 1n, Symbol("one"), () => 1, { toJSON: () => undefined }]) {
    assertEquals(problemsOf(undefined, flags({ hidden: value })).length, 1);
  }
});

Deno.test("trainingConfig() keeps only what the result depends on", () => {
  const training = trainingConfig(resolveConfig(undefined, [flags({ workers: 2, hidden: 3 })]));
  assertEquals(Object.keys(training), [...Object.keys(trainingShape), ...Object.keys(fileShape)]);
  assertEquals(training.hidden, 3);
  for (const key of ["workers", "port", "runsDir"] satisfies ConfigKey[]) assert(!(key in training));
});
