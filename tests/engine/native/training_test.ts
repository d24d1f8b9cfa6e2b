/** Trains with native kernels, with those of WebAssembly, and with workers of both kinds: the state is the same. */
import { assertEquals } from "@std/assert";
import type { TrainingConfig } from "../../../lib/config/schema.ts";
import { stateDigest } from "../../../lib/lockstep/memory/state.ts";
import { tinyConfig, train } from "../../lockstep/tiny.ts";
import { testEachSet } from "./libraries.ts";

const configs: readonly [name: string, change: Partial<TrainingConfig>][] = [
  ["one LSTM", { hidden: 19, embedding: 10, vocabulary: 37, dropout: 0.2, batchSize: 20, length: 7 }],
  ["dense rows of the embedding", { hidden: 8, embedding: 8, embeddingRows: "dense", weightDecay: 0.01 }],
  ["mean of gradients", { hidden: 9, average: "gradients", shards: 3 }],
  ["deep, both directions, maximum", { layers: 2, bidirectional: true, pooling: "max", hidden: 11, dropout: 0.3 }],
  ["both directions, mean", { bidirectional: true, pooling: "mean", moments: "local", averageEvery: 2 }],
];

const digests = new Map<string, string>();

/** Returns the digest of a training with WebAssembly kernels. */
async function wasmDigest(name: string, config: TrainingConfig): Promise<string> {
  const known = digests.get(name);
  if (known !== undefined) return known;
  const { engine, state } = await train(config, 1);
  assertEquals(engine, "simd/wasm");
  const digest = stateDigest(state);
  digests.set(name, digest);
  return digest;
}

for (const [name, change] of configs) {
  testEachSet(`training has one digest with native and WebAssembly workers: ${name}`, async (library) => {
    const config = tinyConfig(change);
    const expected = await wasmDigest(name, config);
    for (const kinds of [[library, library], [library, undefined], [undefined, library, undefined]]) {
      const { engine, state } = await train(config, kinds.length, { kinds });
      assertEquals(engine, kinds[0] ? `simd/${library.set}` : "simd/wasm");
      assertEquals(stateDigest(state), expected, `${kinds.map((kind) => kind?.set ?? "wasm")}`);
    }
  });
}
