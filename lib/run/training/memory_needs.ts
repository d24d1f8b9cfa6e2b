/**
 * Estimates the memory that a run needs before it allocates any, from the config and the sizes of its data. The estimates by
 * which a run is refused are low, so that it could not have run; those in the message to the user are as high as measured peaks.
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

/**
 * The heap of a run on files has so much besides, and for each token of it: encoded rows, n-grams, and garbage that is not
 * collected yet. The peaks of six runs, of 4 to 11,066 labels and 10,000 to 100,000 rows, had up to 190 MiB that no other part
 * explains.
 */
const [HEAP_BYTES, TOKEN_BYTES] = [192 * 2 ** 20, 48];

/** Counts the states on the main thread while it saves one: the initial state, and a copy. */
const SAVED_STATES = 2;

interface MemoryPart {
  readonly what: string;
  readonly bytes: number;
  /** The options that determine its size, the main cause first. */
  readonly keys: readonly ConfigKey[];
  /** The limited memory that it is in: the one that all threads share, or that of tfjs in each worker. */
  readonly limited?: "shared" | "tfjs";
  /** Says that a run may need less of it: no run is refused for it. */
  readonly isUsual?: true;
}

const MODEL: readonly ConfigKey[] = ["vocabulary", "embedding", "hidden", "layers"];
const BATCH: readonly ConfigKey[] = ["batchSize", "length", "hidden"];

/** The sizes of the data of a run on files: its tokens, and the rows on which it evaluates its finished model. */
interface FileSizes {
  readonly tokens: number;
  readonly validation: number;
  readonly test: number;
}

const NONE: FileSizes = { tokens: 0, validation: 0, test: 0 };

/**
 * Returns the bytes that the evaluation needs for a class: probabilities by each part, the two scores that n-grams are a sum
 * of, and the fit of the combination.
 */
function evaluationBytes({ ngrams }: TrainingConfig, { validation, test }: FileSizes): number {
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
  sizes: FileSizes = NONE,
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
    { what: "evaluation", bytes: evaluationBytes(training, sizes) * labels.length, keys: ["validation"] },
  ];
  if (sizes.tokens > 0) {
    const bytes = HEAP_BYTES + TOKEN_BYTES * sizes.tokens;
    own.push({ what: "rows and n-grams", bytes, keys: ["ngrams"], isUsual: true });
  }
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
  const least = certain(parts);
  const inOne = (limited: MemoryPart["limited"]) => least.filter((part) => part.limited === limited);
  refuse(inOne("shared"), "the memory that its threads share", MOST_BYTES, "it can have");
  refuse(inOne("tfjs"), "the memory of tfjs", MOST_BYTES, "it can have");
  if (machineBytes !== undefined) refuse(ofAll(least, workers), "memory", machineBytes, "this machine has");
}

/** Returns what a run with these `parts` usually needs, if it certainly needs much. */
export function muchMemory(parts: readonly MemoryPart[], workers: number): string[] {
  const all = ofAll(parts, workers);
  const bytes = sumOf(all);
  return sumOf(certain(all)) < MUCH_BYTES
    ? []
    : [`The run needs about ${gibibytes(bytes)} of memory: ${listed(causes(all, bytes))}`];
}

function certain(parts: readonly MemoryPart[]): MemoryPart[] {
  return parts.filter(({ isUsual }) => !isUsual);
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
  const message = `The run needs ${gibibytes(bytes)} of ${where}, and ${has} ${gibibytes(most)}: ${listed(largest)}. ` +
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

function listed(parts: readonly MemoryPart[]): string {
  return parts.map(({ bytes, what }) => `${gibibytes(bytes)} for ${what}`).join(", ");
}

function gibibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toPrecision(3))} GiB`;
}
