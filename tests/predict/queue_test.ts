import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Request, RequestQueue } from "../../lib/predict/queue.ts";
import { Unavailable } from "../../lib/predict/types.ts";

/** Makes a request of `count` sequences for one version. */
const request = (count: number, version?: number): Request => ({ inputs: Array(count).fill([1]), version });

Deno.test("RequestQueue returns batches in order, as full as possible, each of one version", () => {
  const queue = new RequestQueue({ batchMax: 4, queueMax: 100, fillsBatches: true });
  const items = [request(1), request(2), request(2), request(9), request(0), request(1, 7), request(1, 7), request(1)];
  for (const item of items) queue.add(item);
  assertEquals(queue.sequences, 17);
  const batches: Request[][] = [];
  while (!queue.isEmpty) batches.push(queue.take(0, 0));
  assertEquals(batches.map((batch) => batch.map((item) => items.indexOf(item))), [[0, 1], [2], [3], [4], [5, 6], [7]]);
  assertEquals([queue.sequences, queue.take(0, 0)], [0, []]);
});

Deno.test("RequestQueue computes one batch at a time if it fills batches", () => {
  const queue = new RequestQueue({ batchMax: 4, queueMax: 100, fillsBatches: true });
  queue.add(request(1));
  assertEquals(queue.take(1, 3), []);
  assertEquals(queue.take(0, 0).length, 1);
});

Deno.test("RequestQueue splits waiting requests into four batches, together at most a full one", () => {
  const queue = new RequestQueue({ batchMax: 10, queueMax: 100, fillsBatches: false });
  for (let index = 0; index < 12; index++) queue.add(request(1));
  const sizes: number[] = [];
  let computing = 0;
  for (let batch = queue.take(0, 0); batch.length > 0; batch = queue.take(sizes.length, computing)) {
    sizes.push(batch.length);
    computing += batch.length;
  }
  assertEquals(sizes, [3, 3, 3, 1]);
  assertEquals(queue.take(3, 10), []);
  assertEquals(queue.take(1, 9).length, 1);
  queue.clear();
  queue.add(request(12)); // It is larger than a batch, so it goes by itself.
  assertEquals(queue.take(1, 1), []);
  assertEquals(queue.take(0, 0).length, 1);
});

Deno.test("RequestQueue counts an explanation as many sequences, and batches none with predictions", () => {
  const queue = new RequestQueue({ batchMax: 64, queueMax: 400, fillsBatches: false });
  const [plain, explained] = [request(1), { ...request(2), explain: true }];
  for (const item of [plain, explained]) queue.add(item);
  assertEquals(queue.sequences, 257);
  assertThrows(() => queue.add({ ...request(2), explain: true }), Unavailable, "expected at most 400 with these 256");
  assertEquals([queue.take(0, 0), queue.take(1, 1)], [[plain], []]);
  assertEquals([queue.take(0, 0), queue.sequences], [[explained], 0]);
});

Deno.test("RequestQueue refuses requests when it is full, and says how many wait", () => {
  const queue = new RequestQueue({ batchMax: 4, queueMax: 5, fillsBatches: false });
  const large = request(6);
  queue.add(large);
  const message = "6 sequences wait to be predicted: expected at most 5 with these 1";
  assertThrows(() => queue.add(request(1)), Unavailable, message);
  queue.add(request(0));
  queue.remove(large);
  queue.add(request(5));
  assertThrows(() => queue.add(request(1)), Unavailable);
});

Deno.test("RequestQueue returns each request once, also if others leave", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(6), fc.option(fc.nat(1), { nil: undefined }), fc.boolean()), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.boolean(),
      fc.infiniteStream(fc.boolean()),
      (list, batchMax, fillsBatches, isBusy) => {
        const queue = new RequestQueue<Request>({ batchMax, queueMax: 1000, fillsBatches });
        const stay = list.flatMap(([count, version, leaves]) => {
          const item = request(count, version);
          queue.add(item);
          if (leaves) queue.remove(item);
          return leaves ? [] : [item];
        });
        const taken: Request[] = [];
        let underWay: number[] = [];
        while (!queue.isEmpty) {
          const computing = underWay.reduce((sum, size) => sum + size, 0);
          const batch = queue.take(underWay.length, computing);
          if (batch.length === 0) {
            assert(underWay.length > 0);
            underWay.shift();
            continue;
          }
          const size = batch.reduce((sum, { inputs }) => sum + inputs.length, 0);
          assert(size + computing <= batchMax || batch.length === 1 && underWay.length === 0);
          underWay = isBusy.next().value ? [...underWay, size] : [];
          assertEquals(new Set(batch.map(({ version }) => version)).size, 1);
          taken.push(...batch);
        }
        assertEquals(taken.length, stay.length);
        taken.forEach((item, index) => assert(item === stay[index]));
      },
    ),
    { numRuns: 300, seed: 1 },
  );
});
