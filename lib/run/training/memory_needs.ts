/**
 * The memory that a run takes, told before it takes any: one function of the config and the sizes of its data. Estimates
 * are on the low side, so that what is refused could not have run.
 */
import type { ConfigKey } from "../../config/schema.ts";
import { InputError } from "../../base/errors.ts";
import { memoryMap, type Region } from "../../lockstep/memory/map.ts";
import type { LockstepConfig, Plan } from "../../lockstep/plan.ts";

/** What one WebAssembly.Memory can have at most: the shared one, and that of tfjs in each worker. */
const MOST_OF_ONE = 2 ** 32;

/** A thread with its modules. */
const THREAD_BYTES = { simd: 16 * 2 ** 20, tfjs: 64 * 2 ** 20 } as const;

/** States on the main thread while it saves one: what training began with, and a copy. */
const STATES_ASIDE = 2;

export interface MemoryPart {
  readonly what: string;
  readonly bytes: number;
  /** What makes it as large as it is, the main cause first. */
  readonly keys: readonly ConfigKey[];
  /** Which memory it lies in, if there is a limit to that: what all threads share, or each worker's own of tfjs. */
  readonly limited?: "shared" | "tfjs";
}

const MODEL: readonly ConfigKey[] = ["vocabulary", "embedding", "hidden", "layers"];
const BATCH: readonly ConfigKey[] = ["batchSize", "length", "hidden"];

/** What a run takes; `judged` are the rows that judge its finished model, of a run on files. */
export function memoryNeeds({ training, workers }: LockstepConfig, plan: Plan, judged: number): MemoryPart[] {
  const { byteLength, states, batches, scratch, chunks, ...map } = memoryMap(plan.map);
  const { spec, dataset: { labels } } = plan;
  const sizeOf = (region: Region) => region.stride * region.count;
  const [replicas, ofRows] = [sizeOf(map.slots) + sizeOf(map.gradients), sizeOf(batches) + sizeOf(scratch)];
  const ofStates = sizeOf(states);
  const model: readonly ConfigKey[] = ofStates > replicas ? [...MODEL, "shards"] : ["shards", ...MODEL];
  const own: MemoryPart[] = [
    { what: "weights and Adam's moments", bytes: ofStates + replicas, keys: model, limited: "shared" },
    { what: "batches", bytes: ofRows, keys: [...BATCH, "workers"], limited: "shared" },
    { what: "held-out figures", bytes: sizeOf(chunks), keys: ["heldOut"], limited: "shared" },
    {
      what: "all else that is shared",
      bytes: byteLength - ofStates - replicas - ofRows - sizeOf(chunks),
      keys: ["shards", "vocabulary"],
      limited: "shared",
    },
    { what: "copies to save", bytes: STATES_ASIDE * states.stride, keys: MODEL },
    { what: "threads", bytes: workers * THREAD_BYTES[training.engine], keys: ["workers"] },
    { what: "evaluation", bytes: judged * labels.length * (training.ngrams === "none" ? 8 : 16), keys: ["validation"] },
  ];
  if (training.engine === "tfjs") {
    // Of each token its vector, and of each step four gates before and after their activation: the gradient needs them.
    const values = spec.embedding + 8 * spec.hidden * spec.layers * (spec.bidirectional ? 2 : 1);
    const bytes = 4 * training.batchSize * plan.map.maxLength * values;
    const part = { what: "a step of tfjs, in each worker", bytes, keys: BATCH };
    own.push(training.backend === "wasm" ? { ...part, limited: "tfjs" } : { ...part, bytes: bytes * workers });
  }
  return own;
}

/**
 * Throws an InputError if that is more than there is: in one memory of WebAssembly, or in this machine, which has `there`
 * bytes, if that is known. It names the keys that the largest parts come from.
 */
export function checkMemory(parts: readonly MemoryPart[], workers: number, there: number | undefined): void {
  const inOne = (limited: MemoryPart["limited"]) => parts.filter((part) => part.limited === limited);
  refuse(inOne("shared"), "the memory that its threads share", MOST_OF_ONE, "it can have");
  refuse(inOne("tfjs"), "the memory of tfjs", MOST_OF_ONE, "it can have");
  const all = parts.map((part) => part.limited === "tfjs" ? { ...part, bytes: part.bytes * workers } : part);
  if (there !== undefined) refuse(all, "memory", there, "this machine has");
}

function refuse(parts: readonly MemoryPart[], where: string, most: number, has: string): void {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  if (bytes <= most) return;
  const largest = parts.toSorted((a, b) => b.bytes - a.bytes);
  // What is left without the others would fit: they are not the cause.
  const causes = largest.filter((part, index) => index === 0 || part.bytes > most / 4);
  const keys = [...new Set(causes.flatMap((part) => part.keys))];
  const told = causes.map((part) => `${gibibytes(part.bytes)} for ${part.what}`).join(", ");
  const message = `The run needs ${gibibytes(bytes)} of ${where}, and ${has} ${gibibytes(most)}: ${told}. ` +
    `Expected smaller values of ${keys.slice(0, -1).join(", ")}${keys.length > 1 ? " or " : ""}${keys.at(-1)}`;
  throw new InputError([{ field: keys[0]!, message }]);
}

function gibibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toPrecision(3))} GiB`;
}

/** The memory of this machine in bytes, where the process may ask for it. */
export function machineMemory(): number | undefined {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "systemMemoryInfo" });
  return state === "granted" ? Deno.systemMemoryInfo().total : undefined;
}
