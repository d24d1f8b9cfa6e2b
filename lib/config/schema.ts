/**
 * The one schema of a run's configuration: flags, JSON files and HTTP bodies are all parsed by it. The result depends on
 * `trainingShape` and, where files of rows are trained on, on `fileShape`, which are frozen in `run.json`; `processShape`
 * is how this process goes about it and never changes the result.
 */
import { z } from "zod";
import { dataShape } from "./data_shape.ts";
import { pathMarks, pathValue } from "./paths.ts";

const whole = (min: number, max: number) => z.int().min(min).max(max);
const number = (min: number, max: number) => z.number().min(min).max(max);

export const trainingShape = {
  task: z.enum(["parity", "table"]).default("parity")
    .describe("what to learn; parity: is first + last token even? table: the rows of files"),
  vocabulary: whole(2, 1_000_000).default(50).describe("number of tokens"),
  length: whole(1, 4096).default(8).describe("tokens of a sequence"),
  embedding: whole(1, 2048).default(32).describe("width of the embedding"),
  hidden: whole(1, 2048).default(64).describe("width of the LSTM, in each direction"),
  layers: whole(1, 8).default(1).describe("LSTMs on top of each other"),
  bidirectional: z.boolean().default(false).describe("read each sequence backwards too, by LSTMs of their own"),
  pooling: z.enum(["last", "mean", "max"]).default("last")
    .describe("what of the last LSTM is classified: its last output, or the mean or maximum over time"),
  dropout: number(0, 0.9).default(0)
    .describe("share of values dropped in training: of token vectors, between LSTMs and before the dense layer"),
  embeddingInit: number(0, 100).default(1).describe("standard deviation of the initial token vectors"),
  forgetBias: number(-10, 10).default(1).describe("added to the forget gate's initial bias"),
  lstmBiases: z.union([z.literal(1), z.literal(2)]).default(1)
    .describe("bias vectors of the LSTM: 1 as in Keras, 2 (kept as their sum) as in PyTorch"),
  weights: pathValue(
    z.string().default("")
      .describe("safetensors file of the weights to start from, by PyTorch's names; else they are drawn"),
  ),
  seed: whole(0, 2 ** 32 - 1).default(1).describe("of weights and data; a whole number below 2^32"),
  shards: whole(1, 256).default(4).describe("logical replicas, each with its own batches; part of the result"),
  batchSize: whole(1, 65_536).default(128).describe("sequences of a step, on each shard"),
  averageEvery: whole(1, 10_000).default(1).describe("steps on each shard between two averagings"),
  clusterEvery: whole(1, 10_000).default(1)
    .describe("averagings of a round; all but the last are of groups of shards, each by itself: see docs/cluster.md"),
  groups: whole(1, 256).default(1).describe("with --cluster-every: groups of neighbouring shards; part of the result"),
  average: z.enum(["weights", "gradients"]).default("weights").describe("what is averaged over the shards"),
  moments: z.enum(["average", "local", "reset"]).default("average")
    .describe("Adam's moments in an averaging of weights: averaged too, kept by each shard, or started again"),
  learningRate: number(0, 100).default(0.01).describe("Adam's learning rate"),
  schedule: z.enum(["constant", "cosine", "linear"]).default("constant")
    .describe("how the learning rate falls to 0 over all epochs, if it does"),
  warmupSteps: whole(0, 1_000_000_000).default(0).describe("steps over which the learning rate rises at first"),
  weightDecay: number(0, 100).default(0).describe("decoupled (AdamW's), of embeddings and kernels, not of biases"),
  embeddingRows: z.enum(["lazy", "dense"]).default("lazy")
    .describe("token vectors that a step moves: those of its batch's tokens, or all"),
  classWeights: z.enum(["none", "balanced"]).default("none")
    .describe("what a row counts in the loss; balanced: the more, the rarer its class (not for generated tasks)"),
  adamEpsilon: number(0, 1).default(1e-8).describe("Adam's epsilon"),
  clipNorm: number(0, 1e9).default(1).describe("greatest L2 norm of a gradient; 0: no clipping"),
  epochs: whole(1, 1_000_000).default(50).describe("epochs at most; the held-out data is evaluated after each"),
  stepsPerEpoch: whole(1, 1_000_000).default(20).describe("steps of an epoch, on each shard"),
  heldOut: whole(1, 100_000_000).default(2048).describe("held-out sequences"),
  targetAccuracy: number(0, 1).default(0.995).describe("end when the held-out accuracy reaches this; 0: never"),
  patience: whole(0, 1_000_000).default(0)
    .describe("end after this many epochs without a lower held-out loss, with the best state; 0: never"),
  restoreBest: z.boolean().default(false)
    .describe("end with the state of the lowest held-out loss, not with the last one; --patience does so too"),
  onNan: z.enum(["stop", "rollback"]).default("stop")
    .describe("when a loss or a weight is not finite: fail, or go back to the best state at half the learning rate"),
  engine: z.enum(["simd", "tfjs"]).default("simd").describe("what computes: fused kernels, or plain TensorFlow.js"),
  backend: z.enum(["wasm", "cpu"]).default("wasm").describe("what tfjs computes with; no other engine has a choice"),
} as const;

/** Faults, each with a rate from 0 to 1: see lib/lockstep/chaos.ts. */
const CHAOS = /^$|^(kill|exit|hang|spin|slow)=[01]?(\.\d+)?(,(kill|exit|hang|spin|slow)=[01]?(\.\d+)?)*$/;

/** How a run is served. */
export const serviceShape = {
  host: z.string().min(1).default("127.0.0.1").describe("address to serve on; others than loopback need a token"),
  port: whole(0, 65_535).default(8000).describe("port to serve on; 0: any free one"),
  tokenFile: pathValue(
    z.string().default("")
      .describe("file with the token that clients have to send; or the environment's LOCKSTEP_TOKEN"),
  ),
  corsOrigin: z.string().regex(/^$|^\*$|^https?:\/\/[^\s/]+$/, "expected an origin such as https://example.org, or *")
    .default("").describe("origin whose pages may ask, such as https://example.org"),
  publicUrl: z.string().regex(
    /^$|^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/,
    "expected an address such as https://example.org/lockstep",
  ).refine((url) => url === "" || URL.canParse(url), "expected an address such as https://example.org/lockstep")
    .default("").describe(
      "address that others know this server by, as https://example.org/lockstep, where a proxy of this machine serves it",
    ),
  rateLimit: number(0, 1e9).default(0).describe("requests that each client may make in a second; 0: any number"),
  grace: number(0, 3600).default(5)
    .describe("seconds that requests under way may take to be answered when the process ends"),
  accessLog: z.boolean().default(false).describe("a JSON line on standard error for every request"),
  batchMax: whole(1, 4096).default(64).describe("sequences that are predicted in one call"),
  batchDelayMs: number(0, 1000).default(0).describe("milliseconds that a batch which is not full waits for more"),
  queueMax: whole(1, 1_000_000).default(4096).describe("sequences that may wait to be predicted; more are refused"),
  predictTimeout: number(0.1, 86_400).default(10).describe(
    "seconds without an answer after which the prediction thread is replaced",
  ),
} as const;

/** Other machines that take part in a run: see docs/cluster.md. */
export const clusterShape = {
  cluster: z.string().regex(/^$|^(nats|tls):\/\/[^\s/@]+$/, "expected an address such as nats://host:4222")
    .default("").describe("NATS server where other machines take part, such as nats://host:4222; empty: none do"),
  name: z.string().regex(/^[A-Za-z0-9_-]{0,64}$/, "expected up to 64 letters, digits, - and _")
    .default("").describe("with --cluster: the run's name, the same on all of its machines"),
  node: z.string().regex(/^[A-Za-z0-9_-]{0,64}$/, "expected up to 64 letters, digits, - and _")
    .default("").describe("with --cluster: this machine's name, which no other has; empty: any"),
  minNodes: whole(1, 1000).default(1).describe("with --cluster: machines that must be there for a round"),
  clusterWait: number(0, 86_400).default(60).describe(
    "with --cluster: seconds that a NATS server which cannot be reached at the start is waited for",
  ),
  clusterCredentials: pathValue(
    z.string().default("").describe("with --cluster: credentials file (.creds) for the server"),
  ),
  clusterCa: pathValue(
    z.string().default("").describe(
      "with --cluster: certificates (PEM) that the server's TLS is checked with",
    ),
  ),
} as const;

export const processShape = {
  workers: z.union([z.literal("auto"), whole(1, 256)]).default("auto")
    .describe("threads; auto: one a core, at most one a shard. Never changes the result"),
  workerTimeout: number(0.1, 86_400).default(30).describe(
    "seconds without a sign of life after which a worker is lost",
  ),
  maxRestarts: whole(0, 1000).default(3)
    .describe("times that the workers are replaced when one is lost; training fails after that"),
  chaos: z.string().regex(
    CHAOS,
    "expected faults with their rates, such as kill=0.02,exit=0.01,hang=0.01,spin=0.01,slow=0.1",
  )
    .default("").describe(
      "faults on purpose, as probabilities for each worker and round: kill=0.02,exit=0.01,hang=0.01,slow=0.1",
    ),
  checkpointEvery: z.union([
    whole(1, 1_000_000_000),
    z.string().regex(/^\d+(\.\d+)?s$/, "expected seconds such as 10s"),
  ])
    .default("10s").describe("rounds, or seconds as in 10s, between two checkpoints; there is one at the end as well"),
  keepCheckpoints: whole(1, 1000).default(3).describe("newest checkpoints that are kept"),
  maxSeconds: number(0, 1e9).default(0).describe("end after the round that passes this many seconds; 0: never"),
  ...clusterShape,
  ...serviceShape,
  dataDir: pathValue(
    z.string().default("")
      .describe("folder of the files that runs asked for over HTTP may be trained on; without it, none"),
    { kind: "folder" },
  ),
  runsDir: pathValue(z.string().min(1).default("runs").describe("where runs are kept"), { kind: "folder" }),
  keepRuns: whole(0, 1_000_000).default(0)
    .describe("newest runs that are kept when one ends, the others are removed; 0: all"),
  exit: z.boolean().default(false).describe("leave when training ends instead of serving on"),
  log: z.enum(["text", "json"]).default("text").describe(
    "what is printed: text for people, or the events as JSON lines",
  ),
  report: z.enum(["epochs", "notebook"]).default("epochs")
    .describe("the lines of text: held-out figures of each epoch, or the notebook's lines of its training batch"),
} as const;

/** What is trained on, where that is files, and how it is read. */
export const fileShape = {
  data: pathValue(
    z.array(z.string().min(1)).max(10_000).default([])
      .describe("files of rows to train on, or - for standard input"),
  ),
  ngrams: z.enum(["combine", "beside", "none"]).default("combine")
    .describe("a linear model of n-grams beside the LSTM; combine: what predicts is the mean of both"),
  ...dataShape,
} as const;

/** What the result of a run depends on, and nothing else. */
export const trainingConfigSchema = z.strictObject({ ...trainingShape, ...fileShape });
export type TrainingConfig = z.infer<typeof trainingConfigSchema>;

export const configSchema = z.strictObject({ ...trainingShape, ...fileShape, ...processShape });
export type Config = z.infer<typeof configSchema>;
export type ConfigKey = keyof Config;

/** The keys that name files or folders. */
export const configPaths = pathMarks(configSchema);

/** The part of `config` that the result depends on. */
export function trainingConfig(config: Config): TrainingConfig {
  const entries = Object.keys(trainingConfigSchema.shape).map((key) => [key, config[key as keyof TrainingConfig]]);
  return trainingConfigSchema.parse(Object.fromEntries(entries));
}
