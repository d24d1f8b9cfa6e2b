/** Tests gradients whose sums other threads share: here the helper's engine is in this thread and runs when it is called. */
import { assert, assertEquals } from "@std/assert";
import { adamConstants } from "../../../lib/engine/adam.ts";
import type { Engine, Helpers } from "../../../lib/engine/contract.ts";
import { createSimdEngine, type SimdEngineOptions } from "../../../lib/engine/simd/engine.ts";
import { simdScratchBytes } from "../../../lib/engine/simd/memory/scratch.ts";
import { parameterLayout } from "../../../lib/model/layout.ts";
import type { ModelSpec } from "../../../lib/model/spec.ts";
import { ONE_LAYER } from "../../model/one_layer.ts";
import { simdFixture } from "./fixture.ts";

const base: ModelSpec = { vocabulary: 50, embedding: 8, hidden: 20, classes: 3, lstmBiases: 1, ...ONE_LAYER };
/** Makes four chunks. */
const SIZE = 200, LENGTH = 5;
const SOME_LENGTHS = Array.from({ length: SIZE }, (_, row) => 1 + (row * 7) % LENGTH);

const models: [what: string, spec: Partial<ModelSpec>, lengths?: readonly number[]][] = [
  ["full rows", {}],
  ["rows of different lengths", {}, SOME_LENGTHS],
  ["fewer panels than lanes", { hidden: 1 }],
  ["2 layers of two directions, the maximum", { layers: 2, bidirectional: true, pooling: "max" }, SOME_LENGTHS],
];

/** Describes a helper: at which looks it is idle, and how many sums it computes at each call. */
interface Habit {
  readonly isHere: (looks: number) => boolean;
  readonly sumsAt: (calls: number) => number;
}

const always = () => true, never = () => false;

const habits: readonly (readonly [what: string, habit: Habit])[] = [
  ["no helper is idle", { isHere: never, sumsAt: () => 0 }],
  ["a helper computes all sums", { isHere: always, sumsAt: () => Infinity }],
  ["a helper computes one sum at a time", { isHere: always, sumsAt: () => 1 }],
  ["a helper computes three sums and leaves", { isHere: always, sumsAt: (calls) => calls === 1 ? 3 : 0 }],
  ["a helper is idle only for the last chunk but one", { isHere: never, sumsAt: () => Infinity }],
  ["a helper arrives between the pieces of a sum", { isHere: (looks) => looks > 2, sumsAt: () => 2 }],
  ["a helper arrives and leaves", { isHere: (looks) => looks % 3 === 0, sumsAt: (calls) => calls % 2 ? Infinity : 1 }],
];

for (const [model, change, lengths] of models) {
  for (const [what, { isHere, sumsAt }] of habits) {
    Deno.test(`SimdEngine.gradients() has the same bits when ${what}: ${model}`, () => {
      const spec = { ...base, ...change };
      const bytes = simdScratchBytes(spec, SIZE, LENGTH);
      const { layout, vectors, engine, replica, gradients, batch } = simdFixture(spec, SIZE, LENGTH, {
        ...(lengths && { lengths }),
        spareBytes: 2 * bytes + 4 * parameterLayout(spec).size,
      });
      const create = (more: Pick<SimdEngineOptions, "scratch" | "others" | "helpers">): Engine =>
        createSimdEngine({
          spec,
          layout,
          adam: adamConstants(1e-8),
          memory: vectors.memory,
          maxBatch: SIZE,
          maxLength: LENGTH,
          ...more,
        });
      const scratch = () => ({ byteOffset: vectors.allocate(bytes), byteLength: bytes });

      let looks = 0, calls = 0, helped = 0;
      const helpers: Helpers = {
        mayCome: () => true,
        areHere: () => isHere(++looks),
        call() {
          const sums = sumsAt(++calls);
          for (let sum = 0; sum < sums && helper.help(); sum++) helped++;
        },
        pause: () => assert(false, "The engine waits for its helper"),
      };
      const ownScratch = scratch();
      const owner = create({ scratch: ownScratch, helpers });
      const helper = create({ scratch: scratch(), others: [ownScratch] });
      const others = vectors.floats(layout.size);

      for (let step = 0; step < 3; step++) {
        const expected = engine.gradients(replica.weights, batch, gradients, step);
        looks = calls = helped = 0;
        assertEquals(owner.gradients(replica.weights, batch, others, step), expected);
        assertEquals(others, gradients);
        // One call for each chunk and one for the tokens, or only one for the last chunk but one.
        if (isHere === always) assertEquals(calls, 5);
        else if (isHere === never) assertEquals(calls, 1);
        else assert(calls > 1, `${calls} calls`);
        assertEquals(helped > 0, what !== "no helper is idle");
        assertEquals(helper.help(), false);
      }
    });
  }
}
