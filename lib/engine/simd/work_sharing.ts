/**
 * Shares the sums over rows and time steps that make up the gradients of weights, some 30 % of a step, with idle threads.
 *
 * Each chunk of a batch adds to the sums of the chunks before it, column by column, so columns are cut into lanes. In a lane
 * any thread may sum the chunks, in their order, with the same bits. If a helper is idle, the thread of the batch offers the
 * sums of a chunk, continues with the next chunk, and then computes the sums that no helper has taken; otherwise it computes
 * all of them itself, see `endChunk`.
 *
 * An offer lies in shared memory, in parts that each begin a cache line:
 *
 *     posted   the number of chunks ever offered
 *     lanes    [LANES] the number of chunks done in the lane, and whether a thread works on it
 *     jobs     [2] for an even and an odd chunk: the number of jobs, and for each its kind and the kernel's arguments
 */
import { lstmCells } from "../../model/layout.ts";
import type { ModelSpec } from "../../model/spec.ts";
import type { Helpers } from "../contract.ts";
import type { SimdKernels } from "./bindings.gen.ts";
import { LINE_BYTES } from "../regions.ts";

/** Counts the lanes: more share better, but each stages its operands again. */
const LANES = 4;

/** Counts the inner steps of a product that are staged at a time: see INNER_BLOCK in kernels/assembly/matrices/gemm.ts. */
const STEPS_OF_PIECE = 128;

const LINE_WORDS = LINE_BYTES / 4;
const POSTED = 0;
const doneOf = (lane: number) => (1 + lane) * LINE_WORDS;
const takenOf = (lane: number) => doneOf(lane) + 1;
const JOBS = doneOf(LANES);

const Kind = { products: 0, byToken: 1 } as const;
/** Counts the words of a job: its kind, its panels, and up to nine more arguments. */
const JOB_WORDS = 11;
const JOBS_OF_CELL = 3;

function jobsWords(spec: ModelSpec): number {
  return Math.ceil((1 + JOB_WORDS * JOBS_OF_CELL * lstmCells(spec).length) / LINE_WORDS) * LINE_WORDS;
}

/** Returns the bytes of an offer. */
export function offerBytes(spec: ModelSpec): number {
  return 4 * (JOBS + 2 * jobsWords(spec));
}

/** Views the offer of a thread from any thread. */
class Offer {
  readonly #words: Int32Array;
  readonly #even: Int32Array;
  readonly #odd: Int32Array;

  constructor(spec: ModelSpec, memory: WebAssembly.Memory, byteOffset: number) {
    this.#words = new Int32Array(memory.buffer, byteOffset, offerBytes(spec) / 4);
    this.#even = this.#words.subarray(JOBS, JOBS + jobsWords(spec));
    this.#odd = this.#words.subarray(JOBS + jobsWords(spec));
  }

  /** Returns the jobs of chunk number `chunk`. */
  jobs(chunk: number): Int32Array {
    return chunk & 1 ? this.#odd : this.#even;
  }

  get posted(): number {
    return Atomics.load(this.#words, POSTED);
  }

  post(): void {
    Atomics.add(this.#words, POSTED, 1);
  }

  /** Returns whether all lanes of the first `chunks` chunks ever offered are done: of all chunks, or of all but the last. */
  isDone(chunks: number): boolean {
    for (let lane = 0; lane < LANES; lane++) {
      if (this.#isLeft(lane, chunks)) return false;
    }
    return true;
  }

  /**
   * Does one lane of one of the first `chunks` chunks; tries the lanes in the order `first`, `first + step`, …. Returns
   * false if other threads work on all remaining lanes.
   */
  takeOne(first: number, step: number, chunks: number, work: (jobs: Int32Array, lane: number) => void): boolean {
    const words = this.#words;
    for (let count = 0, lane = first; count < LANES; count++, lane += step) {
      if (!this.#isLeft(lane, chunks)) continue;
      if (Atomics.compareExchange(words, takenOf(lane), 0, 1) !== 0) continue;
      // The thread that had taken the lane before may have done it.
      const isLeft = this.#isLeft(lane, chunks);
      if (isLeft) {
        work(this.jobs(Atomics.load(words, doneOf(lane))), lane);
        Atomics.add(words, doneOf(lane), 1);
      }
      Atomics.store(words, takenOf(lane), 0);
      if (isLeft) return true;
    }
    return false;
  }

  #isLeft(lane: number, chunks: number): boolean {
    const done = Atomics.load(this.#words, doneOf(lane));
    return done !== chunks && done !== this.posted;
  }
}

/** The sums of one thread, as the passes of a step use them. */
export type Sums = Pick<SharedSums, "buffer" | "products" | "byToken" | "endChunk" | "finish">;

export class SharedSums {
  readonly #kernels: SimdKernels;
  readonly #own: Offer;
  readonly #others: readonly Offer[];
  readonly #helpers: Helpers | undefined;
  readonly #work = (jobs: Int32Array, lane: number) => this.#run(jobs, lane, LANES);
  #buffer: 0 | 1 = 0;

  /** `byteOffset` is the place of this thread's offer, `others` those of the threads that it can help. */
  constructor(
    kernels: SimdKernels,
    spec: ModelSpec,
    memory: WebAssembly.Memory,
    byteOffset: number,
    others: readonly number[] = [],
    helpers?: Helpers,
  ) {
    this.#kernels = kernels;
    this.#own = new Offer(spec, memory, byteOffset);
    this.#others = others.map((offset) => new Offer(spec, memory, offset));
    this.#helpers = helpers;
  }

  /** Selects, of each LSTM's two buffers of gates and states, the one that no outstanding sum reads. */
  get buffer(): 0 | 1 {
    return this.#buffer;
  }

  /** Records a call of `accumulateProducts` for the current chunk. */
  readonly products: SimdKernels["accumulateProducts"] = (a, aRow, b, bStride, bRow, inner, c, rows, panels) =>
    this.#note(Kind.products, panels, a, aRow, b, bStride, bRow, inner, c, rows, 0);

  /** Records a call of `sumByToken` for the current chunk. */
  readonly byToken: SimdKernels["sumByToken"] = (
    values,
    stride,
    panels,
    rows,
    steps,
    slots,
    slotsStride,
    sums,
    sumsStride,
    sumsRow,
  ) => this.#note(Kind.byToken, panels, values, stride, rows, steps, slots, slotsStride, sums, sumsStride, sumsRow);

  /**
   * Ends a chunk that `chunksLeft` others of the batch follow, or the jobs recorded after the last one: computes their sums,
   * or offers them and computes the remaining sums of the chunks before. Lanes cost time, and sums that wait leave the cache,
   * so without an idle helper only the sums of the last chunk but one are offered.
   */
  endChunk(chunksLeft: number): void {
    const own = this.#own, helpers = this.#helpers;
    const isOffered = helpers?.mayCome() && (chunksLeft === 1 || helpers.areHere());
    if (!isOffered && this.#sumAll()) return;
    const before = own.posted;
    own.post();
    helpers!.call();
    // The next chunk writes to the other buffer, so the sums that read it come first.
    this.#finish(before);
    this.#buffer = this.#buffer === 0 ? 1 : 0;
    own.jobs(own.posted)[0] = 0;
  }

  /** Returns when all sums are complete. Throws the errors of the helpers' `pause`. */
  finish(): void {
    this.#finish(this.#own.posted);
  }

  /** Computes some of the sums that another thread offers; returns whether there were any. */
  help(): boolean {
    for (const other of this.#others) {
      if (other.takeOne(LANES - 1, -1, other.posted, this.#work)) return true;
    }
    return false;
  }

  /** Returns when the sums of the first `chunks` chunks ever offered are complete. */
  #finish(chunks: number): void {
    while (!this.#own.isDone(chunks)) {
      if (!this.#own.takeOne(0, 1, chunks, this.#work)) this.#helpers?.pause();
    }
  }

  /** Adds a job with a kernel's arguments: its number of panels, then the others in their order. */
  #note(
    kind: number,
    panels: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
    g: number,
    h: number,
    i: number,
  ): void {
    const jobs = this.#own.jobs(this.#own.posted);
    const at = 1 + JOB_WORDS * jobs[0]!++;
    jobs[at] = kind;
    jobs[at + 1] = panels;
    jobs[at + 2] = a;
    jobs[at + 3] = b;
    jobs[at + 4] = c;
    jobs[at + 5] = d;
    jobs[at + 6] = e;
    jobs[at + 7] = f;
    jobs[at + 8] = g;
    jobs[at + 9] = h;
    jobs[at + 10] = i;
  }

  /**
   * Computes the recorded sums: whole, or, if a helper may come, in pieces, which cost less than lanes, until one is idle.
   * Returns whether all are complete; otherwise the remaining ones stay recorded.
   */
  #sumAll(): boolean {
    const helpers = this.#helpers, jobs = this.#own.jobs(this.#own.posted);
    this.finish();
    if (helpers?.mayCome()) {
      const end = 1 + JOB_WORDS * jobs[0]!;
      for (let at = 1; at < end; at += JOB_WORDS) {
        while (jobs[at + 1]! > 0) {
          if (helpers.areHere()) return false;
          this.#runPiece(jobs, at);
        }
      }
    } else {
      this.#run(jobs, 0, 1);
    }
    jobs[0] = 0;
    return true;
  }

  /** Does the first inner steps of long products, or all of any other job; its words then describe the rest. */
  #runPiece(jobs: Int32Array, at: number): void {
    const aRow = jobs[at + 3]!, bRow = jobs[at + 6]!, inner = jobs[at + 7]!;
    if (jobs[at] !== Kind.products || inner <= STEPS_OF_PIECE) {
      this.#runJob(jobs, at, 0, 1);
      jobs[at + 1] = 0;
      return;
    }
    jobs[at + 7] = STEPS_OF_PIECE;
    this.#runJob(jobs, at, 0, 1);
    jobs[at + 2]! += aRow * STEPS_OF_PIECE;
    jobs[at + 4]! += bRow * STEPS_OF_PIECE;
    jobs[at + 7] = inner - STEPS_OF_PIECE;
  }

  /** Does lane number `lane` of `lanes` of all jobs. */
  #run(jobs: Int32Array, lane: number, lanes: number): void {
    const end = 1 + JOB_WORDS * jobs[0]!;
    for (let at = 1; at < end; at += JOB_WORDS) this.#runJob(jobs, at, lane, lanes);
  }

  #runJob(jobs: Int32Array, at: number, lane: number, lanes: number): void {
    const kernels = this.#kernels;
    const all = jobs[at + 1]!;
    const first = Math.floor(all * lane / lanes);
    const panels = Math.floor(all * (lane + 1) / lanes) - first;
    if (panels === 0) return;
    const a = jobs[at + 2]!, b = jobs[at + 3]!, c = jobs[at + 4]!, d = jobs[at + 5]!, e = jobs[at + 6]!;
    const f = jobs[at + 7]!, g = jobs[at + 8]!, h = jobs[at + 9]!, i = jobs[at + 10]!;
    if (jobs[at] === Kind.products) {
      kernels.accumulateProducts(a, b, c + first * d, d, e, f, g + first * 32 * h, h, panels);
    } else {
      kernels.sumByToken(a + first * b, b, panels, c, d, e, f, g + first * h, h, i);
    }
  }
}
