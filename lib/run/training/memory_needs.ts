/**
 * Estimates the memory that a run needs before it allocates any, from the config and the sizes of its data. Estimates are
 * low, so that a refused run could not have run.
 */
import type { ConfigKey, TrainingConfig } from "../../config/schema.ts";
import { inputError } from "../../base/errors.ts";
import { memoryMap, type Region } from "../../lockstep/memory/map.ts";
import type { LockstepConfig, Plan } from "../../lockstep/plan.ts";
import { FIT_BYTES } from "../../ngrams/pool.ts";

/** Limits one WebAssembly.Memory: the shared one, and that of tfjs in each worker. */
const MOST_BYTES = 2 ** 32;

/** A run that needs more says so before it starts. */
const MUCH_BYTES = 2 ** 29;

/** The memory of a thread with its modules. */
const THREAD_BYTES = { simd: 16 * 2 ** 20, tfjs: 64 * 2 ** 20 } as const;

/** The memory of the process before it reads data. */
const PROGRAM_BYTES = 96 * 2 ** 20;

/** Counts the states on the main thread while it saves one: the initial state, and a copy. */
const SAVED_STATES = 2;

interface MemoryPart {
  readonly what: string;
  readonly bytes: number;
  /** The options that determine its size, the main cause first. */
  readonly keys: readonly ConfigKey[];
  /** The limited memory that it is in: the one that all threads share, or that of tfjs in each worker. */
  readonly limited?: "shared" | "tfjs";
}

const MODEL: readonly ConfigKey[] = ["vocabulary", "embedding", "hidden", "layers"];
const BATCH: readonly ConfigKey[] = ["batchSize", "length", "hidden"];

/** The rows on which a run on files evaluates its finished model. */
interface EvaluationRows {
  readonly validation: number;
  readonly test: number;
}

const NONE: EvaluationRows = { validation: 0, test: 0 };

/**
 * Returns the bytes that the evaluation needs for a class: probabilities by each part, the two scores that n-grams are a sum
 * of, and the fit of the combination.
 */
function evaluationBytes({ ngrams }: TrainingConfig, { validation, test }: EvaluationRows): number {
  const { BYTES_PER_ELEMENT } = Float32Array;
  const ofLstm = (validation + test) * BYTES_PER_ELEMENT;
  if (ngrams === "none") return ofLstm;
  const scores = 2 * validation * BYTES_PER_ELEMENT;
  return 2 * ofLstm + scores + (ngrams === "combine" ? validation * FIT_BYTES : 0);
}

/** Returns the memory that a run needs. */
export function memoryNeeds(
  { training, workers }: LockstepConfig,
  plan: Plan,
  rows: EvaluationRows = NONE,
): MemoryPart[] {
  const { byteLength, states, batches, scratch, chunks, ...map } = memoryMap(plan.map);
  const { spec, dataset: { labels } } = plan;
  const sizeOf = (region: Region) => region.stride * region.count;
  const [replicas, ofRows] = [sizeOf(map.slots) + sizeOf(map.gradients), sizeOf(batches) + sizeOf(scratch)];
  const ofStates = sizeOf(states);
  const ofModel: readonly ConfigKey[] = [
    ...training.vectors === "" ? [] : ["maxVectors"] as const,
    ...MODEL,
    ...training.letterRows > 0 ? ["letterRows"] as const : [],
  ];
  const model: readonly ConfigKey[] = ofStates > replicas ? [...ofModel, "shards"] : ["shards", ...ofModel];
  const own: MemoryPart[] = [
    { what: "weights and Adam's moments", bytes: ofStates + replicas, keys: model, limited: "shared" },
    { what: "batches", bytes: ofRows, keys: [...BATCH, "workers"], limited: "shared" },
    { what: "validation metrics", bytes: sizeOf(chunks), keys: ["heldOut"], limited: "shared" },
    {
      what: "the rest of the shared memory",
      bytes: byteLength - ofStates - replicas - ofRows - sizeOf(chunks),
      keys: ["shards", "vocabulary"],
      limited: "shared",
    },
    { what: "copies to save", bytes: SAVED_STATES * states.stride, keys: ofModel },
    { what: "the program", bytes: PROGRAM_BYTES, keys: ["workers"] },
    { what: "threads", bytes: workers * THREAD_BYTES[training.engine], keys: ["workers"] },
    { what: "evaluation", bytes: evaluationBytes(training, rows) * labels.length, keys: ["validation"] },
  ];
  if (training.engine === "tfjs") {
    // The gradient needs the vector of each token, and the four gates of each step before and after their activation.
    const values = spec.embedding + 8 * spec.hidden * spec.layers * (spec.bidirectional ? 2 : 1);
    const bytes = 4 * training.batchSize * plan.map.maxLength * values;
    const part = { what: "a step of tfjs, in each worker", bytes, keys: BATCH };
    own.push(training.backend === "wasm" ? { ...part, limited: "tfjs" } : { ...part, bytes: bytes * workers });
  }
  return own;
}

/**
 * Throws an InputError if `parts` need more than one memory of WebAssembly can have, or more than the `machineBytes` of this
 * machine, if known. The error names the options that determine the largest parts.
 */
export function checkMemory(parts: readonly MemoryPart[], workers: number, machineBytes: number | undefined): void {
  const inOne = (limited: MemoryPart["limited"]) => parts.filter((part) => part.limited === limited);
  refuse(inOne("shared"), "the memory that its threads share", MOST_BYTES, "it can have");
  refuse(inOne("tfjs"), "the memory of tfjs", MOST_BYTES, "it can have");
  if (machineBytes !== undefined) refuse(ofAll(parts, workers), "memory", machineBytes, "this machine has");
}

/** Returns what a run with these `parts` needs at least, if that is much. */
export function muchMemory(parts: readonly MemoryPart[], workers: number): string[] {
  const all = ofAll(parts, workers);
  const bytes = sumOf(all);
  return bytes < MUCH_BYTES
    ? []
    : [`The run needs at least ${gibibytes(bytes)} of memory: ${sizes(causes(all, bytes))}`];
}

/** Returns the parts of the process: each worker has its own memory of tfjs. */
function ofAll(parts: readonly MemoryPart[], workers: number): MemoryPart[] {
  return parts.map((part) => part.limited === "tfjs" ? { ...part, bytes: part.bytes * workers } : part);
}

function refuse(parts: readonly MemoryPart[], where: string, most: number, has: string): void {
  const bytes = sumOf(parts);
  if (bytes <= most) return;
  // Smaller parts are not the cause: without the causes, the rest would fit.
  const largest = causes(parts, most);
  const keys = [...new Set(largest.flatMap((part) => part.keys))];
  const message = `The run needs ${gibibytes(bytes)} of ${where}, and ${has} ${gibibytes(most)}: ${sizes(largest)}. ` +
    `Expected smaller values of ${keys.slice(0, -1).join(", ")}${keys.length > 1 ? " or " : ""}${keys.at(-1)}`;
  throw inputError(keys[0]!, message);
}

/** Returns the largest part, and those with more than a quarter of `bytes`. */
function causes(parts: readonly MemoryPart[], bytes: number): MemoryPart[] {
  const largest = parts.toSorted((a, b) => b.bytes - a.bytes);
  return largest.filter((part, index) => index === 0 || part.bytes > bytes / 4);
}

function sumOf(parts: readonly MemoryPart[]): number {
  return parts.reduce((sum, part) => sum + part.bytes, 0);
}

function sizes(parts: readonly MemoryPart[]): string {
  return parts.map(({ bytes, what }) => `${gibibytes(bytes)} for ${what}`).join(", ");
}

function gibibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toPrecision(3))} GiB`;
}
