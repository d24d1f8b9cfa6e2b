import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { exchangeSeconds, recommendedEvery, simulate } from "../../../bench/cluster/main.ts";
import { checkSizes, roundBytes } from "../../../lib/cluster/rounds/sizes.ts";
import { InputError } from "../../../lib/base/errors.ts";
import { encodeNode } from "../../../lib/cluster/protocol/round_codec.ts";
import { SHARD_FIELD_COUNT } from "../../../lib/lockstep/memory/fields.ts";

const network = { bytesPerSecond: 1e6, brokerBytesPerSecond: 4e6, latencySeconds: 0 };

const free = { message: 0, send: 0, receive: 0, codec: 0, add: 0 };

Deno.test("exchangeSeconds() adds the times that machines wait one after the other", () => {
  const exchange = { up: 1e6, base: 1e6, machines: 2, network, costs: free };
  assertEquals(exchangeSeconds({ ...exchange, machines: 1 }), 0);
  // Upload 0.5 s, reading half of it 0.5 s, base up 1 s and down 1 s.
  assertAlmostEquals(exchangeSeconds(exchange), 3, 1e-9);
  // Nine others wait for the broker.
  assertAlmostEquals(exchangeSeconds({ ...exchange, up: 0, machines: 10 }), 1 + 9 / 4, 1e-9);
});

Deno.test("exchangeSeconds() has the work of each machine that another waits for", () => {
  const exchange = { up: 2e6, base: 1e6, machines: 2, network };
  const more = (costs: Partial<typeof free>) =>
    exchangeSeconds({ ...exchange, costs: { ...free, ...costs } }) - exchangeSeconds({ ...exchange, costs: free });
  assertAlmostEquals(more({ message: 0.1 }), 0.3, 1e-9);
  assertAlmostEquals(more({ send: 1e-6 }), 1 + 1, 1e-9); // an upload, the base
  assertAlmostEquals(more({ receive: 1e-6 }), 1 + 1, 1e-9); // the other's upload, the base
  assertAlmostEquals(more({ codec: 1e-6 }), 4, 1e-9); // both ways of both
  assertAlmostEquals(more({ add: 1e-6 }), 2, 1e-9);
});

Deno.test("simulate() waits for the slowest machine, and recommendedEvery() hides the exchange", () => {
  const shape = { elements: 1000, rows: 0, width: 1, parts: 3 };
  const options = { shape, shards: 4, machines: 4, averageEvery: 1, network, costs: free, stepSeconds: [1, 3] };
  const { steps } = simulate(options);
  assert(steps > 2.5 && steps <= 3, `${steps} s`); // 3 - 2 / 2^4
  assertEquals(simulate({ ...options, machines: 1, stepSeconds: [1] }).steps, 4);
  assertEquals(recommendedEvery(1, 0.1), 1);
  // With 22 phases of a second an exchange of 2.5 s would be more than a tenth.
  assertEquals(recommendedEvery(1, 2.5), 23);
});

Deno.test("roundBytes() counts the bytes that are sent", () => {
  const shape = { elements: 160, rows: 10, width: 4, parts: 3 };
  const fields = [new Float64Array(SHARD_FIELD_COUNT), new Float64Array(SHARD_FIELD_COUNT)];
  const rows = Int32Array.from({ length: 10 }, (_, row) => row);
  const sent = encodeNode(shape, { fields, rows, values: new Float32Array(480) }).length;
  assertEquals(roundBytes(shape, 4, 2), { up: 2 * sent, base: sent + 2 * SHARD_FIELD_COUNT * 8 });
});

Deno.test("checkSizes() refuses a run that does not fit, with the arithmetic", () => {
  const shape = { elements: 4_000_000, rows: 0, width: 1, parts: 3 };
  const limits = { maxPayload: 2 ** 20, maxBytes: 5e8 };
  checkSizes(shape, 4, 4, limits);
  for (
    const [change, words] of [[{ maxBytes: 4e8 }, "2 · (192000224 + 48000224)"], [
      { maxPayload: 5e5 },
      "528384",
    ]] as const
  ) {
    try {
      checkSizes(shape, 4, 4, { ...limits, ...change });
      throw new Error("It was not refused");
    } catch (error) {
      assert(error instanceof InputError && error.message.includes(words), String(error));
    }
  }
});
