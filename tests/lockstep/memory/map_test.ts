import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type MapOptions, memoryMap, momentSets } from "../../../lib/lockstep/memory/map.ts";
import { type SharedRun, sharedRun } from "../../../lib/lockstep/memory/views.ts";

const options: fc.Arbitrary<MapOptions> = fc.record({
  lazyRows: fc.integer({ min: 0, max: 40 }),
  lazyElements: fc.constant(16),
  parameters: fc.integer({ min: 1, max: 600 }).map((lines) => lines * 16),
  shards: fc.integer({ min: 1, max: 9 }),
  workers: fc.integer({ min: 1, max: 9 }),
  average: fc.constantFrom("weights", "gradients"),
  moments: fc.constantFrom("average", "local", "reset"),
  epochs: fc.integer({ min: 1, max: 10_000 }),
  best: fc.boolean(),
  heldOut: fc.integer({ min: 1, max: 5000 }),
  classes: fc.integer({ min: 0, max: 40 }),
  maxBatch: fc.integer({ min: 1, max: 300 }),
  maxLength: fc.integer({ min: 1, max: 20 }),
  maxVectors: fc.constantFrom(0, 1, 300),
  engineScratch: fc.integer({ min: 0, max: 3000 }),
});

interface Span {
  readonly name: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Fails unless the spans follow each other within `byteLength`. */
function assertDisjoint(spans: readonly Span[], byteLength: number): void {
  let end = 0;
  let before = "the start";
  for (const span of spans.toSorted((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength)) {
    assert(span.byteOffset >= end, `${span.name} begins at ${span.byteOffset}, but ${before} ends at ${end}`);
    [end, before] = [span.byteOffset + span.byteLength, span.name];
  }
  assert(end <= byteLength, `${before} ends at ${end}, past ${byteLength}`);
}

Deno.test("memoryMap() lays out regions apart, in whole cache lines, inside of its length", () => {
  fc.assert(fc.property(options, (given) => {
    const { byteLength, pages, ...regions } = memoryMap(given);
    const spans = Object.entries(regions).map(([name, { byteOffset, stride, count }]) => {
      assertEquals([byteOffset % 64, stride % 64], [0, 0], name);
      return { name, byteOffset, byteLength: stride * count };
    });
    assertDisjoint(spans, byteLength);
    assert(pages * 65_536 >= byteLength && (pages - 1) * 65_536 < byteLength);
  }));
});

/** Lists every view of a run that threads write to. */
function viewsOf(run: SharedRun, { workers, maxBatch }: MapOptions): Span[] {
  const groups: Record<string, readonly ArrayBufferView[]> = {
    control: [run.control],
    hearts: run.hearts,
    counters: run.counters,
    shards: run.shards,
    claims: [run.claims],
    scales: [run.scales],
    histories: run.histories,
    bestHistory: [run.bestHistory],
    epochEnd: [run.epochEnd],
    written: run.written,
    rollbacks: run.rollbacks,
    best: run.best ? [run.best] : [],
    drift: run.drift,
    chunks: run.chunks,
    classes: run.classes ? [run.classes] : [],
    norms: [run.norms],
    stamps: run.stamps,
    moved: run.moved,
    rounds: run.rounds,
    epochs: run.epochs,
    states: run.states.map(({ values }) => values),
    slots: run.slots.map(({ values }) => values),
    gradients: run.gradients,
    // With averaged weights these lie in the slots.
    shardGradients: run.slots.length > 0 ? [] : run.shardGradients,
    batches: Array.from({ length: workers }, (_, worker) => run.batch(worker, maxBatch)).flatMap((batch) => [
      batch.tokens,
      batch.lengths,
      batch.labels,
      ...batch.vectors ? [batch.vectors.offsets, batch.vectors.rows] : [],
    ]),
  };
  return Object.entries(groups).flatMap(([group, views]) =>
    views.map(({ byteOffset, byteLength }, i) => ({ name: `${group}[${i}]`, byteOffset, byteLength }))
  );
}

Deno.test("sharedRun() has views that never overlap", () => {
  fc.assert(
    fc.property(options, (given) => {
      const run = sharedRun(given);
      assertDisjoint(viewsOf(run, given), run.memory.buffer.byteLength);
      assertEquals(run.states[0].values.length, given.parameters * (1 + 2 * momentSets(given)));
    }),
    { numRuns: 30 },
  );
});

Deno.test("sharedRun() has a gradient for each shard, at the beginning of its slot if there is one", () => {
  for (const given of fc.sample(options, { numRuns: 10, seed: 1 })) {
    const { slots, shardGradients } = sharedRun(given);
    assertEquals(
      shardGradients.map(({ length }) => length),
      Array.from({ length: given.shards }, () => given.parameters),
    );
    for (const [shard, { weights }] of slots.entries()) {
      assertEquals(shardGradients[shard]!.byteOffset, weights.byteOffset);
    }
  }
});

Deno.test("sharedRun() cuts a state into weights and moments that cover it", () => {
  const given = { ...fc.sample(options, { numRuns: 1, seed: 1 })[0]!, average: "weights", moments: "local" } as const;
  for (const { values, weights, moments } of sharedRun(given).states) {
    const parts = [weights, ...moments.flatMap(({ m, v }) => [m, v])];
    assertEquals(parts.length, 1 + 2 * given.shards);
    parts.forEach((part, index) => part.fill(index + 1));
    assertEquals(values, Float32Array.from(values, (_, i) => 1 + Math.floor(i / given.parameters)));
  }
});

Deno.test("sharedRun() sees the writes of another one in the same memory", () => {
  const given = fc.sample(options, { numRuns: 1, seed: 2 })[0]!;
  const first = sharedRun(given);
  const second = sharedRun(given, first.memory);
  first.states[1].weights[3] = 42;
  assertEquals(second.states[1].weights[3], 42);
  assertEquals(viewsOf(second, given), viewsOf(first, given));
});

Deno.test("momentSets() is one, one per shard or none", () => {
  const sets = (average: MapOptions["average"], moments: MapOptions["moments"]) =>
    momentSets({ average, moments, shards: 5 });
  assertEquals([sets("weights", "average"), sets("weights", "local"), sets("weights", "reset")], [1, 5, 0]);
  assertEquals([sets("gradients", "average"), sets("gradients", "local"), sets("gradients", "reset")], [1, 1, 1]);
});
