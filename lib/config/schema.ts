/**
 * This layer defines every option of a run: names, ranges, defaults, and which of them go together. It is not a command
 * line: it knows no flags, and messages name an option in backquotes. Start with this schema, which parses flags, JSON
 * files and HTTP bodies; `resolve.ts` combines their values.
 *
 * The result depends on `trainingShape` and, for a training on files, on `fileShape`, which are frozen in `run.json`.
 * `processShape` never changes the result.
 */
import { z } from "zod";
import { addressSet } from "./addresses.ts";
import { dataShape } from "./data_shape.ts";
import { EXTENDED_AFTER } from "./extended_after.ts";
import { KERNEL_CHOICES } from "./kernels.ts";
import { notesShape } from "./notes_shape.ts";
import { pathMarks, pathValue } from "./paths.ts";
import { THRESHOLD_FOR } from "./threshold_for.ts";

const whole = (min: number, max: number) => z.int().min(min).max(max);
const number = (min: number, max: number) => z.number().min(min).max(max);

export const trainingShape = {
  task: z.enum(["parity", "table"]).default("parity")
    .describe("what to learn. parity: whether the first plus the last token is even; table: the rows of files"),
  vocabulary: whole(2, 1_000_000).default(50).describe("number of tokens"),
  length: whole(1, 4096).default(8).describe("tokens per sequence"),
  embedding: whole(1, 2048).default(32).describe("width of the embedding"),
  letterRows: whole(0, 1_000_000).default(0)
    .describe("vectors of runs of letters, whose mean is added to a word's own vector; 0: none"),
  hidden: whole(1, 2048).default(64).describe("width of the LSTM, in each direction"),
  layers: whole(1, 8).default(1).describe("number of stacked LSTMs"),
  bidirectional: z.boolean().default(false).describe("read each sequence backwards as well, with separate LSTMs"),
  pooling: z.enum(["last", "mean", "max"]).default("last")
    .describe("output of the last LSTM that is classified: the last one, or the mean or maximum over time"),
  dropout: number(0, 0.9).default(0)
    .describe("fraction of values dropped in training, in token vectors, between LSTMs and before the dense layer"),
  embeddingInit: number(0, 100).default(1).describe("standard deviation of the initial token vectors"),
  forgetBias: number(-10, 10).default(1).describe("added to the forget gate's initial bias"),
  biasInit: z.enum(["frequency", "random"]).default("frequency")
    .describe("where a row may have several labels, initial biases of the outputs: each label's log-odds, or random"),
  lstmBiases: z.union([z.literal(1), z.literal(2)]).default(1)
    .describe("bias vectors of the LSTM: 1 as in Keras, 2 (kept as their sum) as in PyTorch"),
  weights: pathValue(
    z.string().default("")
      .describe("safetensors file of initial weights, by PyTorch's names; default: random"),
  ),
  seed: whole(0, 2 ** 32 - 1).default(1).describe("seed of weights and data; a whole number below 2^32"),
  shards: whole(1, 256).default(4).describe("logical replicas, each with its own batches"),
  batchSize: whole(1, 65_536).default(128).describe("sequences per step, on each shard"),
  averageEvery: whole(1, 10_000).default(1).describe("steps on each shard between two averagings"),
  clusterEvery: whole(1, 10_000).default(1)
    .describe("averagings per round; all but the last are within groups of shards: see docs/cluster.md"),
  groups: whole(1, 256).default(1).describe("with `clusterEvery`: groups of neighbouring shards"),
  average: z.enum(["weights", "gradients"]).default("weights").describe("what is averaged over the shards"),
  moments: z.enum(["average", "local", "reset"]).default("average")
    .describe("Adam's moments when weights are averaged: averaged too, kept by each shard, or reset"),
  learningRate: number(0, 100).default(0.01).describe("Adam's learning rate"),
  schedule: z.enum(["constant", "cosine", "linear"]).default("constant")
    .describe("learning-rate schedule over all epochs; cosine and linear end at 0"),
  warmupSteps: whole(0, 1_000_000_000).default(0).describe("steps of linear warm-up of the learning rate"),
  weightDecay: number(0, 100).default(0).describe("decoupled weight decay (AdamW) of all weights but biases"),
  embeddingRows: z.enum(["lazy", "dense"]).default("lazy")
    .describe("token vectors that a step updates. lazy: those of its batch (sparse rows); dense: all"),
  classWeights: z.enum(["none", "balanced"]).default("none")
    .describe("weight of each row in the loss; balanced: inverse to class frequency (not for generated tasks)"),
  adamEpsilon: number(0, 1).default(1e-8).describe("Adam's epsilon"),
  clipNorm: number(0, 1e9).default(1).describe("maximum L2 norm of a gradient; 0: no clipping"),
  epochs: whole(1, 1_000_000).default(50).describe(
    "maximum number of epochs, each with an evaluation on the validation set",
  ),
  extendedAfter: z.string().regex(EXTENDED_AFTER, "expected numbers of epochs, such as 10,15").default("").describe(
    "numbers of epochs that the run had before it was resumed with more, such as 10,15: until then, the schedule is theirs",
  ),
  stepsPerEpoch: whole(1, 1_000_000).default(20).describe("steps per epoch, on each shard"),
  heldOut: whole(1, 100_000_000).default(2048).describe("validation sequences of a generated task"),
  targetAccuracy: number(0, 1).default(0.995).describe("end when the validation accuracy reaches this; 0: never"),
  metric: z.enum(["log-loss", "accuracy", "macro-f1"]).default("log-loss")
    .describe("validation metric that chooses the best state, the n-grams and their share"),
  patience: whole(0, 1_000_000).default(0)
    .describe("end after this many epochs without a better `metric`, with the best state; 0: never"),
  restoreBest: z.boolean().default(false)
    .describe("end with the state of the best `metric`; implied by `patience`"),
  onNan: z.enum(["stop", "rollback"]).default("stop")
    .describe("if a loss or a weight is not finite: fail, or return to the best state at half the learning rate"),
  engine: z.enum(["simd", "tfjs"]).default("simd").describe("fused SIMD kernels, or plain TensorFlow.js"),
  backend: z.enum(["wasm", "cpu"]).default("wasm").describe("backend of the engine tfjs"),
} as const;

function isPattern(text: string): boolean {
  try {
    new RegExp(text, "gu");
    return true;
  } catch {
    return false;
  }
}

/** Matches faults, each with a rate from 0 to 1: see lib/lockstep/chaos.ts. */
const CHAOS = /^$|^(kill|exit|hang|spin|slow)=[01]?(\.\d+)?(,(kill|exit|hang|spin|slow)=[01]?(\.\d+)?)*$/;

/** Options of the HTTP service. */
export const serviceShape = {
  host: z.string().min(1).default("127.0.0.1").describe("address to serve on; any but loopback requires a token"),
  port: whole(0, 65_535).default(8000).describe("port to serve on; 0: any free one"),
  tokenFile: pathValue(
    z.string().default("")
      .describe("file with the token that clients must send; or set LOCKSTEP_TOKEN in the environment"),
  ),
  corsOrigin: z.string().regex(/^$|^\*$|^https?:\/\/[^\s/]+$/, "expected an origin such as https://example.org, or *")
    .default("").describe("origin whose pages may send requests, such as https://example.org, or *"),
  publicUrl: z.string().regex(
    /^$|^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/,
    "expected an address such as https://example.org/lockstep",
  ).refine((url) => url === "" || URL.canParse(url), "expected an address such as https://example.org/lockstep")
    .default("").describe(
      "public address of this server behind a proxy, such as https://example.org/lockstep",
    ),
  trustProxy: z.string().refine(
    (list) => list === "" || addressSet(list) !== undefined,
    "expected addresses or networks, such as 10.0.0.7,172.16.0.0/12",
  ).default("").describe(
    "proxies whose X-Forwarded-For names the client, such as 10.0.0.7,172.16.0.0/12; default: with `publicUrl` those on " +
      "this machine",
  ),
  collect: z.boolean().default(false)
    .describe("take labelled rows at POST /examples, into examples.jsonl of the run that is served"),
  labelTokenFile: pathValue(
    z.string().default("").describe(
      "with `collect`: file with a token for people who only label; or set LOCKSTEP_LABEL_TOKEN in the environment",
    ),
  ),
  keepUncertain: whole(0, 10_000).default(0).describe(
    "with `collect`: inputs to keep in memory that the model was least sure of, for GET /uncertain; 0: none",
  ),
  redact: z.string().max(1000).refine(isPattern, "expected a regular expression, such as \\d{4,}").default("").describe(
    "with `keepUncertain`: regular expression of what is replaced by … in the inputs that are kept, such as \\d{4,}",
  ),
  retrainAfter: whole(0, 1_000_000).default(0).describe(
    "with `collect`, of `serve`: train on in the background after this many examples, and answer with the new weights if " +
      "they are better on validation rows; 0: never",
  ),
  retrainWorkers: whole(1, 256).default(1).describe(
    "with `retrainAfter`: threads that train; more of them slow predictions down",
  ),
  rateLimit: number(0, 1e9).default(0).describe("requests per second of each client; 0: no limit"),
  grace: number(0, 3600).default(5)
    .describe("seconds that open requests may take when the process ends"),
  accessLog: z.boolean().default(false).describe("print a JSON line on standard error for every request"),
  batchMax: whole(1, 4096).default(64).describe("maximum sequences of a prediction batch"),
  batchDelayMs: number(0, 1000).default(0).describe("milliseconds that a prediction batch waits for more sequences"),
  queueMax: whole(1, 1_000_000).default(4096).describe("sequences that may wait for a prediction; more are refused"),
  predictTimeout: number(0.1, 86_400).default(10).describe(
    "seconds without an answer after which the prediction thread is replaced",
  ),
} as const;

/** Options of a run on several machines: see docs/cluster.md. */
export const clusterShape = {
  cluster: z.string().regex(/^$|^(nats|tls):\/\/[^\s/@]+$/, "expected an address such as nats://host:4222")
    .default("").describe(
      "NATS server that connects the machines of a run, such as nats://host:4222; default: one machine",
    ),
  node: z.string().regex(/^[A-Za-z0-9_-]{0,64}$/, "expected up to 64 letters, digits, - and _")
    .default("").describe("with `cluster`: name of this machine, different on each; default: random"),
  minNodes: whole(1, 1000).default(1).describe("with `cluster`: number of machines that a round requires"),
  clusterWait: number(0, 86_400).default(60).describe(
    "with `cluster`: seconds to wait for the NATS server at the start",
  ),
  clusterCredentials: pathValue(
    z.string().default("").describe("with `cluster`: credentials file (.creds) for the NATS server"),
  ),
  clusterCa: pathValue(
    z.string().default("").describe(
      "with `cluster`: certificates (PEM) of the authority of the NATS server's TLS",
    ),
  ),
} as const;

export const processShape = {
  ...notesShape,
  workers: z.union([z.literal("auto"), whole(1, 256)]).default("auto")
    .describe("threads; auto: one per core, at most one per shard"),
  kernels: z.enum(KERNEL_CHOICES).default("auto").describe(
    "WebAssembly kernels, or native ones for the best or the named instruction set; auto: native if built and fitting",
  ),
  workerTimeout: number(0.1, 86_400).default(30).describe(
    "seconds without a heartbeat after which a worker counts as lost",
  ),
  maxRestarts: whole(0, 1000).default(3)
    .describe("how often lost workers are replaced before training fails"),
  chaos: z.string().regex(
    CHAOS,
    "expected faults with their rates, such as kill=0.02,exit=0.01,hang=0.01,spin=0.01,slow=0.1",
  )
    .default("").describe(
      "faults to inject, as probabilities per worker and round: kill=0.02,exit=0.01,hang=0.01,slow=0.1",
    ),
  checkpointEvery: z.union([
    whole(1, 1_000_000_000),
    z.string().regex(/^\d+(\.\d+)?s$/, "expected seconds such as 10s"),
  ])
    .default("10s").describe("rounds, or seconds as in 10s, between two checkpoints; one more at the end"),
  keepCheckpoints: whole(1, 1000).default(3).describe("newest checkpoints to keep"),
  maxSeconds: number(0, 1e9).default(0).describe("end after the round that passes this many seconds; 0: never"),
  ...clusterShape,
  ...serviceShape,
  dataDir: pathValue(
    z.string().default("")
      .describe("folder of files that runs started over HTTP may read; default: none"),
    { kind: "folder" },
  ),
  runsDir: pathValue(z.string().min(1).default("runs").describe("folder of run directories"), { kind: "folder" }),
  keepRuns: whole(0, 1_000_000).default(0)
    .describe("newest runs to keep when one ends; 0: all"),
  exit: z.boolean().default(false).describe("exit when training ends, instead of serving"),
  log: z.enum(["text", "json"]).default("text").describe(
    "output: text for people, or events as JSON lines",
  ),
  report: z.enum(["epochs", "full", "notebook"]).default("epochs")
    .describe(
      "lines of text. epochs: each epoch, and a summary; full: also a table of all classes; notebook: only the notebook's metrics",
    ),
} as const;

/** Options of a training on files. */
export const fileShape = {
  data: pathValue(
    z.array(z.string().min(1)).max(10_000).default([])
      .describe("files of rows to train on, or - for standard input"),
  ),
  from: pathValue(
    z.string().default("").describe(
      "run to continue from, with `data` as new rows: its options are the defaults, and the model grows. See " +
        "docs/learning-on.md",
    ),
    { kind: "folder" },
  ),
  replay: number(0, 1).default(0.2).describe(
    "with `from`: share of the rows of that run that are trained on again, of each class; 0: none, and its files are not read",
  ),
  ngrams: z.enum(["combine", "beside", "none"]).default("combine")
    .describe(
      "linear model of n-grams. combine: answer with both models; beside: only report it",
    ),
  reject: number(0, 0.999).default(0)
    .describe(
      "share of the answers that must be right: less confident rows get no label; 0: all do",
    ),
  thresholdFor: z.string().regex(THRESHOLD_FOR, "expected f1, or precision=0.9").default("f1").describe(
    "what the threshold of each label is chosen for, where a row may have several: its F1, or a precision as in precision=0.9",
  ),
  ...dataShape,
  vectorsRate: number(0, 100).default(0.1)
    .describe("with `vectors`: their learning rate, as a factor of `learningRate`; 0: they stay as the file has them"),
} as const;

/** Parses the options that the result of a run depends on. */
export const trainingConfigSchema = z.strictObject({ ...trainingShape, ...fileShape });
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;

export const configSchema = z.strictObject({ ...trainingShape, ...fileShape, ...processShape });
export type Config = z.infer<typeof configSchema>;
export type ConfigKey = keyof Config;

/** Marks the keys that name files or folders. */
export const configPaths = pathMarks(configSchema);

/** Picks the options that the result depends on. */
export function trainingConfig(config: Config): TrainingConfig {
  const entries = Object.keys(trainingConfigSchema.shape).map((key) => [key, config[key as keyof TrainingConfig]]);
  return trainingConfigSchema.parse(Object.fromEntries(entries));
}
